@echo off␍
rem cleudocodebot-install e109acccefb7578f␍
rem A changed file is left alone: cleudocodebot install --force keeps it as .bak and writes anew.␍
setlocal EnableExtensions DisableDelayedExpansion␍
set "failures=0"␍
set "wait=1"␍
if not exist "%~dp0logs\" mkdir "%~dp0logs"␍
if exist "%~dp0stop.flag" del /f /q "%~dp0stop.flag"␍
>"%~dp0running.flag" echo 1␍
␍
:run␍
for %%F in ("%~dp0logs\supervisor.log") do if exist "%%~F" if %%~zF GTR 1048576 move /y "%%~F" "%%~F.1" >nul␍
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% start␍
set "now=%TIME: =0%"␍
set "began="␍
set /a began=(1%now:~0,2%-100)*3600+(1%now:~3,2%-100)*60+1%now:~6,2%-100 2>nul␍
"%~dp0bin\cleudocodebot.exe" daemon --quiet --home "%~dp0." <nul >>"%~dp0logs\supervisor.log" 2>&1␍
set "code=%ERRORLEVEL%"␍
set "now=%TIME: =0%"␍
set "ended="␍
set /a ended=(1%now:~0,2%-100)*3600+(1%now:~3,2%-100)*60+1%now:~6,2%-100 2>nul␍
set "ran=0"␍
if defined began if defined ended set /a ran=ended-began␍
if %ran% LSS 0 set /a ran+=86400␍
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% exit code %code% after %ran% s␍
if "%code%"=="0" goto end␍
if "%code%"=="78" goto end␍
if exist "%~dp0stop.flag" goto end␍
if %ran% GEQ 30 set "failures=0"␍
if %ran% GEQ 300 set "wait=1"␍
if "%code%"=="75" goto restart␍
set /a failures+=1␍
if %failures% GEQ 6 goto give_up␍
set "left=%wait%"␍
set /a wait*=2␍
if %wait% GTR 60 set "wait=60"␍
␍
:sleep␍
ping -n 2 127.0.0.1 >nul␍
if exist "%~dp0stop.flag" goto end␍
set /a left-=1␍
if %left% GTR 0 goto sleep␍
goto run␍
␍
:restart␍
ping -n 2 127.0.0.1 >nul␍
if exist "%~dp0stop.flag" goto end␍
goto run␍
␍
:give_up␍
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% gave up after 6 quick failures␍
if exist "%~dp0stop.flag" del /f /q "%~dp0stop.flag"␍
if exist "%~dp0running.flag" del /f /q "%~dp0running.flag"␍
exit /b 1␍
␍
:end␍
>>"%~dp0logs\supervisor.log" echo %DATE% %TIME% end␍
if exist "%~dp0stop.flag" del /f /q "%~dp0stop.flag"␍
if exist "%~dp0running.flag" del /f /q "%~dp0running.flag"␍
exit /b 0␍
