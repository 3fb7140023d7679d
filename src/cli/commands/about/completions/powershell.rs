//! Completion for `PowerShell`: one script block with a table of words for each command.

use std::fmt::Write as _;

use super::{
    super::{
        spec::{CommandSpec, Opt},
        table::{EVERYWHERE, SPECS},
    },
    flags, options_of,
};

pub(super) fn script() -> String {
    let names = SPECS.iter().map(|spec| entry(spec.name, spec.summary));
    let top: Vec<String> = names.chain(EVERYWHERE.iter().flat_map(entries)).collect();
    let mut table = format!("        '' = @({})\n", top.join(", "));
    for spec in SPECS {
        let _ = writeln!(
            table,
            "        '{}' = @({})",
            spec.name,
            of_row(spec).join(", ")
        );
    }
    format!(
        r#"Register-ArgumentCompleter -Native -CommandName cleudocodebot -ScriptBlock {{
    param($wordToComplete, $commandAst, $cursorPosition)
    $table = @{{
{table}    }}
    $command = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {{
        $word = $element.ToString()
        if ($word -ne $wordToComplete -and $table.ContainsKey($word)) {{ $command = $word; break }}
    }}
    $table[$command] | Where-Object {{ $_[0] -like "$wordToComplete*" }} | ForEach-Object {{
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }}
}}
"#
    )
}

fn of_row(spec: &CommandSpec) -> Vec<String> {
    let words = (spec.first_word)()
        .into_iter()
        .map(|word| entry(word, word));
    words.chain(options_of(spec).flat_map(entries)).collect()
}

fn entries(option: &Opt) -> Vec<String> {
    flags(option)
        .iter()
        .map(|flag| entry(flag, option.summary))
        .collect()
}

/// The comma keeps `PowerShell` from unrolling the pair.
fn entry(word: &str, summary: &str) -> String {
    format!(",@('{word}', '{}')", summary.replace('\'', "''"))
}
