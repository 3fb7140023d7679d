//! The definition of the scheduled task: a pure function of the user and the home folder. The schema is
//! in [MS-TSCH] 2.5.

use super::layout::{PROGRAMS, WINDOWLESS, below};
use crate::service::system::{artefact::SEAL, xml};

/// The task as XML. Trigger and principal both name the user, because only an administrator may create a
/// trigger for everybody's log-on. The defaults that would end the daemon on battery power or after
/// three days are switched off.
pub fn task(sid: &str, home: &str, windowless: bool) -> String {
    let (command, arguments) = if windowless {
        (below(home, &[PROGRAMS, WINDOWLESS]), "--wait")
    } else {
        (
            r"%SystemRoot%\System32\cmd.exe".to_owned(),
            r"/d /c .\daemon.bat",
        )
    };
    let (sid, home, command) = (xml::escape(sid), xml::escape(home), xml::escape(&command));
    let text = format!(
        r#"<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>cleudocodebot, a personal messaging gateway ({SEAL})</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{sid}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{sid}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <IdleSettings>
      <StopOnIdleEnd>false</StopOnIdleEnd>
      <RestartOnIdle>false</RestartOnIdle>
    </IdleSettings>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>false</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>5</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{home}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"#
    );
    text.replace('\n', "\r\n")
}
