@echo off␍
rem cleudocodebot-install a0a0b6955ffe97e6␍
setlocal EnableExtensions DisableDelayedExpansion␍
chcp 65001 >nul␍
start "" /min /d "D:\a b&c%%PATH%%d!e^f(g)ö'h$i;j#k`l~m,n=o@p[q]{r}+\cleudocodebot" cmd.exe /d /c .\daemon.bat␍
