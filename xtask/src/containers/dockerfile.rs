//! The Dockerfile: its stages, what they build and copy, and what an image must be.

use std::collections::BTreeSet;

use super::settings::Settings;

/// One instruction, its continuation lines joined.
#[derive(Debug)]
struct Instruction {
    line: usize,
    keyword: String,
    words: Vec<String>,
}

/// The instructions from one FROM to the next.
#[derive(Debug)]
struct Stage {
    name: String,
    base: String,
    instructions: Vec<Instruction>,
}

/// The stages, in their order.
#[derive(Debug)]
pub(super) struct Dockerfile(Vec<Stage>);

/// A `cargo build` of a build stage.
#[derive(Debug)]
pub(super) struct Build<'a> {
    pub(super) line: usize,
    /// What follows `cargo`.
    pub(super) arguments: Vec<&'a str>,
    pub(super) package: &'a str,
}

impl Dockerfile {
    pub(super) fn parse(text: &str) -> Self {
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in instructions(text) {
            if instruction.keyword == "FROM" {
                let words: Vec<&str> = instruction.words.iter().map(String::as_str).collect();
                let name = words.get(2).copied().unwrap_or_default().to_owned();
                let base = words.first().copied().unwrap_or_default().to_owned();
                stages.push(Stage { name, base, instructions: Vec::new() });
            } else if let Some(stage) = stages.last_mut() {
                stage.instructions.push(instruction);
            }
        }
        Self(stages)
    }

    /// The calls of cargo, wherever they are in a RUN.
    pub(super) fn builds(&self) -> Vec<Build<'_>> {
        let runs = self.all().filter(|instruction| instruction.keyword == "RUN");
        let commands = runs.flat_map(|run| run.words.split(|word| word == "&&").map(move |words| (run.line, words)));
        commands
            .filter_map(|(line, words)| {
                let mut words = words.iter().map(String::as_str).skip_while(|word| word.starts_with("--"));
                let program = words.next()?;
                let arguments: Vec<&str> = words.collect();
                let package = arguments.iter().skip_while(|word| **word != "-p").nth(1).copied().unwrap_or_default();
                (program == "cargo").then_some(Build { line, arguments, package })
            })
            .collect()
    }

    /// What is copied from the repository.
    pub(super) fn copied(&self) -> Vec<(usize, &str)> {
        let copies = self.all().filter(|instruction| matches!(instruction.keyword.as_str(), "COPY" | "ADD"));
        let ours = copies.filter(|copy| !copy.words.iter().any(|word| word.starts_with("--from=")));
        ours.flat_map(|copy| {
            let paths = copy.words.iter().filter(|word| !word.starts_with("--")).map(String::as_str);
            let sources = paths.collect::<Vec<_>>();
            let count = sources.len().saturating_sub(1);
            sources.into_iter().take(count).map(|source| (copy.line, source.trim_end_matches('/')))
        })
        .collect()
    }

    pub(super) fn has_stage(&self, name: &str) -> bool {
        self.0.iter().any(|stage| stage.name == name)
    }

    /// Whether some stage takes this build argument.
    pub(super) fn takes(&self, argument: &str) -> bool {
        let mut declared = self.all().filter(|instruction| instruction.keyword == "ARG");
        declared.any(|declared| declared.words.iter().any(|word| word.split('=').next() == Some(argument)))
    }

    pub(super) fn violations(&self, settings: &Settings) -> Vec<String> {
        let mut found = Vec::new();
        let builds = self.builds();
        for build in &builds {
            if !matches!(build.arguments[..], ["build", "--locked", "--release", "-p", _]) {
                let command = build.arguments.join(" ");
                let line = build.line;
                found.push(format!("Dockerfile:{line}: cargo {command}: is not cargo build --locked --release -p …"));
            }
        }
        for copy in self.all().filter(|instruction| instruction.keyword == "COPY") {
            // Only so do the build commands mean the same outside.
            if let [source, to] = copy.words.iter().map(|word| word.trim_end_matches('/')).collect::<Vec<_>>()[..]
                && source != to
                && to != "."
            {
                found.push(format!("Dockerfile:{}: COPY {source}: is put at another place, {to}", copy.line));
            }
        }
        for target in ["api", "migrator", "operator"] {
            if !self.has_stage(target) {
                found.push(format!("Dockerfile: there is no target {target}"));
                continue;
            }
            if !builds.iter().any(|build| build.package == format!("conversation-{target}")) {
                found.push(format!("Dockerfile: conversation-{target} is never built"));
            }
            found.extend(self.image_violations(target, settings));
        }
        found
    }

    fn image_violations(&self, target: &str, settings: &Settings) -> Vec<String> {
        let image = image(&self.0, target);
        let words = |keyword: &'static str| image.iter().filter(move |instruction| instruction.keyword == keyword);
        let mut found = Vec::new();
        let user = words("USER").next_back().and_then(|user| user.words.first()).map_or("root", String::as_str);
        let number = user.split(':').next().unwrap_or_default().parse::<u32>();
        if number.is_err() || number == Ok(0) {
            found.push(format!("Dockerfile: {target} runs as {user}, not as the number of a user other than root"));
        }
        for environment in words("ENV") {
            for name in environment.words.iter().filter_map(|word| word.split('=').next()) {
                if settings.knows(target, name) != Some(true) {
                    found.push(format!("Dockerfile:{}: ENV {name}: is no setting of {target}", environment.line));
                }
            }
        }
        if target == "api" {
            let exposed: BTreeSet<&str> =
                words("EXPOSE").flat_map(|expose| &expose.words).map(String::as_str).collect();
            let ports = ["PORT", "MANAGEMENT_PORT"].iter().filter_map(|name| settings.api.get(*name));
            if exposed != ports.map(String::as_str).collect() {
                found.push("Dockerfile: EXPOSE is not the defaults of PORT and MANAGEMENT_PORT".to_owned());
            }
        }
        found
    }

    fn all(&self) -> impl Iterator<Item = &Instruction> {
        self.0.iter().flat_map(|stage| &stage.instructions)
    }
}

/// The instructions that make an image: those of its stage after those of the earlier stages that it is from.
fn image<'a>(stages: &'a [Stage], name: &str) -> Vec<&'a Instruction> {
    let Some(at) = stages.iter().position(|stage| stage.name == name) else {
        return Vec::new();
    };
    let (earlier, stage) = (&stages[..at], &stages[at]);
    image(earlier, &stage.base).into_iter().chain(&stage.instructions).collect()
}

fn instructions(text: &str) -> Vec<Instruction> {
    let mut found: Vec<Instruction> = Vec::new();
    let mut continues = false;
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        // Comments may stand between the lines of one instruction.
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.trim_end_matches('\\').split_whitespace().map(str::to_owned);
        match found.last_mut() {
            Some(instruction) if continues => instruction.words.extend(words),
            _ => {
                let keyword = words.next().unwrap_or_default().to_uppercase();
                found.push(Instruction { line: number, keyword, words: words.collect() });
            }
        }
        continues = line.ends_with('\\');
    }
    found
}

#[cfg(test)]
mod tests;
