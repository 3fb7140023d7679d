//! Completion for `PowerShell`: one script block with a table of words for each command.

use std::fmt::Write as _;

use super::{
    super::{
        row::{Opt, Row},
        table::{EVERYWHERE, ROWS},
    },
    flags, options_of,
};

pub(super) fn script() -> String {
    let names = ROWS.iter().map(|row| entry(row.name, row.summary));
    let top: Vec<String> = names.chain(EVERYWHERE.iter().flat_map(entries)).collect();
    let mut table = format!("        '' = @({})\n", top.join(", "));
    for row in ROWS {
        let _ = writeln!(
            table,
            "        '{}' = @({})",
            row.name,
            of_row(row).join(", ")
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

fn of_row(row: &Row) -> Vec<String> {
    let words = (row.first_word)().into_iter().map(|word| entry(word, word));
    words.chain(options_of(row).flat_map(entries)).collect()
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
