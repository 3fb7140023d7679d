//! Completion for `PowerShell` 5 and later. It cannot hand an empty word to a program, so a switch says that
//! there is one.

pub(super) const SCRIPT: &str = r#"Register-ArgumentCompleter -Native -CommandName cleudocodebot -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $program = $commandAst.CommandElements[0].ToString()
    $before = $commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition -or $wordToComplete -eq '' } |
        ForEach-Object { $_.ToString().Trim('"', "'") }
    if ($wordToComplete -eq '') {
        $lines = & $program complete --next -- @before 2> $null
    } else {
        $lines = & $program complete -- @before $wordToComplete 2> $null
    }
    foreach ($line in $lines) {
        if ($line -eq ':files' -or $line -eq ':folders') {
            # Nothing proposed: the shell completes paths by itself.
            continue
        }
        $word, $about = $line -split "`t", 2
        if (-not $about) { $about = $word }
        $text = if ($word -match '[\s''"]') { "'" + $word.Replace("'", "''") + "'" } else { $word }
        [System.Management.Automation.CompletionResult]::new($text, $word, 'ParameterValue', $about)
    }
}
"#;
