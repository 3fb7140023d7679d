@echo off␍
rem cleudocodebot-install e6592d9ec083da60␍
setlocal EnableExtensions DisableDelayedExpansion␍
"%LOCALAPPDATA%\cleudocodebot\bin\cleudocodebotw.exe"␍
