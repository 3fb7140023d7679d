//! The text of the launch agent: a pure function of three paths. See launchd.plist(5).

use crate::service::system::{artefact::SEAL, xml};

/// The agent's name.
pub(super) const LABEL: &str = "com.cleudocodebot.daemon";

/// The text by which the agent of this home differs from those of other homes.
pub(super) fn home_marker(home: &str) -> String {
    format!(
        "<string>--home</string>\n\t\t<string>{}</string>",
        xml::escape(home)
    )
}

/// The property list. launchd restarts the daemon after every failure and never gives up; so under
/// launchd a configuration error (78) ends with exit code 0 instead, see
/// [`exit_result`](super::exit_result).
pub fn plist(program: &str, home: &str, log: &str) -> String {
    let (program, home, log) = (xml::escape(program), xml::escape(home), xml::escape(log));
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- {SEAL} -->
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>{LABEL}</string>
	<key>ProgramArguments</key>
	<array>
		<string>{program}</string>
		<string>daemon</string>
		<string>--quiet</string>
		<string>--home</string>
		<string>{home}</string>
	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ThrottleInterval</key>
	<integer>10</integer>
	<key>ExitTimeOut</key>
	<integer>30</integer>
	<key>ProcessType</key>
	<string>Background</string>
	<key>Umask</key>
	<integer>63</integer>
	<key>EnvironmentVariables</key>
	<dict>
		<key>PATH</key>
		<string>/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin</string>
	</dict>
	<key>LimitLoadToSessionType</key>
	<array>
		<string>Aqua</string>
		<string>Background</string>
	</array>
	<key>WorkingDirectory</key>
	<string>{home}</string>
	<key>StandardOutPath</key>
	<string>/dev/null</string>
	<key>StandardErrorPath</key>
	<string>{log}</string>
</dict>
</plist>
"#
    )
}
