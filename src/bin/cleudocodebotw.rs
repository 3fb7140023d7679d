//! The windowless starter: what Windows runs at log-on, as pythonw stands beside python. A console
//! program started there would flash a window. Everything is in `service::launchers::windows::starter`.

#![cfg_attr(windows, windows_subsystem = "windows")]

fn main() {
    std::process::exit(cleudocodebot::service::launchers::windows::starter::run());
}
