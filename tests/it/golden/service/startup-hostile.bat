@echo off␍
rem cleudocodebot-install 21e0ca32272e0428␍
setlocal EnableExtensions DisableDelayedExpansion␍
chcp 65001 >nul␍
"D:\a b&c%%PATH%%d!e^f(g)ö'h$i;j#k`l~m,n=o@p[q]{r}+\cleudocodebot\bin\cleudocodebotw.exe"␍
