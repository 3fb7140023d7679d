//! Completion for fish, which takes words with a tab before what they are as they come.

pub(super) const SCRIPT: &str = r#"function __cleudocodebot_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    for line in ($before[1] complete -- $before[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                echo -- $line
        end
    end
end
complete -c cleudocodebot -f -a '(__cleudocodebot_complete)'
"#;
