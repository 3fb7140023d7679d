@echo off␍
rem cleudocodebot-install a6afc3281659986e␍
setlocal EnableExtensions DisableDelayedExpansion␍
start "" /min /d "%LOCALAPPDATA%\cleudocodebot" cmd.exe /d /c .\daemon.bat␍
