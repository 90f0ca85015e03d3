//! `.dockerignore`, in the few forms that ours uses; another form is a fault, so that it is not misread.

/// The patterns, in their order: the last one that fits a path decides.
#[derive(Debug)]
pub(super) struct Ignore(Vec<Pattern>);

#[derive(Debug)]
enum Pattern {
    /// `*`: everything is left out.
    Everything,
    /// `!path`: what is at it or below is taken in again.
    Except(String),
    /// `**/name`: what has a part of this name is left out.
    Anywhere(String),
}

impl Ignore {
    /// Reads the file, or tells which lines it cannot.
    pub(super) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut patterns = Vec::new();
        let mut unknown = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            let plain = |path: &str| !path.is_empty() && !path.contains(['*', '?', '[', '!']);
            match line.trim() {
                "" => {}
                comment if comment.starts_with('#') => {}
                "*" => patterns.push(Pattern::Everything),
                line => match (line.strip_prefix('!'), line.strip_prefix("**/")) {
                    (Some(path), _) if plain(path) => patterns.push(Pattern::Except(path.to_owned())),
                    (_, Some(name)) if plain(name) && !name.contains('/') => {
                        patterns.push(Pattern::Anywhere(name.to_owned()));
                    }
                    _ => unknown.push(format!(".dockerignore:{number}: a form of pattern that the check cannot read")),
                },
            }
        }
        if unknown.is_empty() { Ok(Self(patterns)) } else { Err(unknown) }
    }

    /// Whether the engine would not be sent this file.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        self.0.iter().fold(false, |out, pattern| match pattern {
            Pattern::Everything => true,
            Pattern::Except(place) => out && !is_at_or_below(path, place),
            Pattern::Anywhere(name) => out || path.split('/').any(|part| part == name),
        })
    }
}

/// Whether a path is this place or inside it.
pub(super) fn is_at_or_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::Ignore;

    #[test]
    fn the_last_pattern_that_fits_decides() {
        let ignore = Ignore::parse("# reason\n*\n!api\n!Cargo.toml\n**/__pycache__\n").unwrap();
        for (path, expected) in [
            ("Cargo.toml", false),
            ("api/src/main.rs", false),
            ("api-old/main.rs", true),
            ("api/tests/__pycache__/x.pyc", true),
            (".env", true),
        ] {
            assert_eq!(ignore.leaves_out(path), expected, "{path}");
        }
    }

    #[test]
    fn a_form_that_is_not_understood_is_found() {
        let found = Ignore::parse("*\n!api/*.rs\ntarget\n").unwrap_err();
        let expected = [2, 3].map(|n| format!(".dockerignore:{n}: a form of pattern that the check cannot read"));
        assert_eq!(found, expected);
    }
}
