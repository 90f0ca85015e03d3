//! The tables of docs/capacity.md are what the model says. `cargo xtask codegen` writes them anew.

use std::{env, fs, path::PathBuf};

use clap::{CommandFactory, Parser};
use conversation_migrator::{
    capacity::{Answers, costs::Costs, inputs::Inputs},
    cli::{Cli, Command, Output},
    render::{Table, render},
};

const DOCUMENT: &str = "docs/capacity.md";

/// A part of the document, and what generates it.
type Part = (&'static str, fn() -> String);

const PARTS: [Part; 5] =
    [("flags", flags), ("costs", costs), ("sources", sources), ("examples", examples), ("prediction", prediction)];

#[test]
fn the_tables_of_the_document_are_fresh() {
    for (part, generate) in PARTS {
        check(part, &generate());
    }
}

fn flags() -> String {
    let mut cli = Cli::command();
    let advise = cli.find_subcommand_mut("advise").expect("a command");
    let flags = advise.get_arguments().filter(|flag| flag.get_help_heading() == Some("Capacity"));
    let row = |flag: &clap::Arg| {
        let default = flag.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        vec![format!("`--{}`", flag.get_long().unwrap_or_default()), default.unwrap_or_default(), help]
    };
    markdown(&["flag", "default", "meaning"], flags.map(row))
}

fn costs() -> String {
    let costs = Costs::committed();
    let all = costs.all();
    let rows = all.iter().map(|(name, cost)| {
        vec![format!("`{name}`"), cost.value.to_string(), format!("{}–{}", cost.low, cost.high), cost.source.clone()]
    });
    let measured = &costs.measured;
    let of = format!("Of {}, commit {}: {}.\n\n", measured.date, measured.commit, measured.machine);
    of + &markdown(&["cost", "value", "error bar", "source"], rows)
}

fn sources() -> String {
    let costs = Costs::committed();
    let rows = costs.sources.iter().map(|(name, source)| {
        let command = if source.command.is_empty() { String::new() } else { format!("`{}`", source.command) };
        let results = source.results.as_ref().map(|file| format!("[results](../{file})")).unwrap_or_default();
        vec![name.clone(), command, results, source.method.clone()]
    });
    markdown(&["source", "repeated by", "kept in", "value and error bar"], rows)
}

fn examples() -> String {
    let loads = ["1e6", "10e6", "100e6"].map(|sessions| tables(&format!("--sessions-per-day {sessions}")));
    let [first, ..] = &loads;
    let mut rows = Vec::new();
    for (number, table) in first.iter().enumerate().filter(|(_, table)| table.head.len() == 5) {
        let title = table.title.split(',').next().unwrap_or_default();
        rows.push(vec![format!("**{title}**"), String::new(), String::new(), String::new(), String::new()]);
        for (line, row) in table.rows.iter().enumerate() {
            let figures = loads.iter().map(|tables| &tables[number].rows[line]);
            let figures = figures.map(|row| format!("{} ({}–{})", row[2], row[1], row[3]));
            rows.push([vec![row[0].clone(), row[4].clone()], figures.collect()].concat());
        }
    }
    let head = ["", "unit", "1 million a day", "10 million a day", "100 million a day"];
    markdown(&head, rows.into_iter())
}

fn prediction() -> String {
    let flags = "--processors 2 --members 1 --reads-per-session 0";
    let told = render(Output::Table, &(), &tables(flags));
    format!("```console\n$ conversation-migrator advise {flags}\n{told}```\n")
}

fn tables(flags: &str) -> Vec<Table> {
    let line = ["conversation-migrator", "advise"].into_iter().chain(flags.split_whitespace());
    let Command::Advise(options) = Cli::parse_from(line).command else { panic!("it is advise") };
    let load: &Inputs = &options.load;
    Answers::to(load, &Costs::committed()).tables()
}

fn markdown(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    let rule = vec!["---".to_owned(); head.len()];
    line(&head) + &line(&rule) + &rows.map(|row| line(&row)).collect::<String>()
}

/// Compares a part of the document with what it should be, or writes it.
fn check(part: &str, expected: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").join(DOCUMENT);
    let (begin, end) =
        (format!("<!-- {part}: written by `cargo xtask codegen` -->\n"), format!("<!-- end of {part} -->"));
    let document = fs::read_to_string(&file).expect("a document");
    let (before, rest) = document.split_once(&begin).expect("the beginning of the part");
    let (found, after) = rest.split_once(&end).expect("the end of the part");
    if env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&file, format!("{before}{begin}{expected}{end}{after}")).expect("written");
    } else {
        assert!(found == expected, "{part} in {DOCUMENT} is not fresh: run `cargo xtask codegen`");
    }
}
