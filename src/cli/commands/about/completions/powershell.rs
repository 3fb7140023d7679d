//! Completion for `PowerShell`: one script block with a table of words for each command.

use std::fmt::Write as _;

use super::flags::{flags, options_of};
use crate::{
    cli::parser::{COMMON_OPTIONS, CommandSpec, OptionSpec},
    language::Translator,
};

pub(super) fn script(commands: &[&CommandSpec], translator: Translator) -> String {
    let names = commands
        .iter()
        .map(|spec| entry(spec.name, &translator.word(spec.summary)));
    let entries = |option| entries(option, translator);
    let top: Vec<String> = names
        .chain(COMMON_OPTIONS.iter().flat_map(entries))
        .collect();
    let mut table = format!("        '' = @({})\n", top.join(", "));
    for spec in commands {
        let _ = writeln!(
            table,
            "        '{}' = @({})",
            spec.name,
            words(spec, commands, translator).join(", ")
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

/// What can follow a command: its first words, then its options.
fn words(spec: &CommandSpec, commands: &[&CommandSpec], translator: Translator) -> Vec<String> {
    let entries = |option| entries(option, translator);
    let words = spec
        .first_word
        .proposals(commands)
        .into_iter()
        .map(|word| entry(word, word));
    words.chain(options_of(spec).flat_map(entries)).collect()
}

fn entries(option: &OptionSpec, translator: Translator) -> Vec<String> {
    flags(option)
        .iter()
        .map(|flag| entry(flag, &translator.word(option.summary)))
        .collect()
}

/// The comma keeps `PowerShell` from unrolling the pair.
fn entry(word: &str, summary: &str) -> String {
    format!(",@('{word}', '{}')", summary.replace('\'', "''"))
}
