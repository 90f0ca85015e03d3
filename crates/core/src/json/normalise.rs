//! One pass over JSON text, writing the normalised and the canonical form side by side.

use std::borrow::Cow;

use super::{
    Bounds, InvalidJson,
    canonical::{Member, sort_members, write_double},
};

/// Normalises `text`, which must be a valid JSON object.
pub(super) fn object(text: &str, bounds: Bounds) -> Result<(String, Vec<u8>), InvalidJson> {
    let mut pass = Pass {
        text,
        at: 0,
        bounds,
        depth: 0,
        path: Vec::new(),
        normalised: String::with_capacity(text.len()),
        canonical: Vec::with_capacity(text.len()),
    };
    pass.value()?;
    if pass.normalised.len() > bounds.bytes {
        return Err(InvalidJson::TooLarge(bounds.bytes));
    }
    Ok((pass.normalised, pass.canonical))
}

/// One step of the way to the present value.
enum Step<'t> {
    Key(Cow<'t, str>),
    Index(usize),
}

struct Pass<'t> {
    text: &'t str,
    at: usize,
    bounds: Bounds,
    depth: usize,
    path: Vec<Step<'t>>,
    normalised: String,
    canonical: Vec<u8>,
}

impl<'t> Pass<'t> {
    fn value(&mut self) -> Result<(), InvalidJson> {
        match self.peek() {
            b'{' => self.nested(Self::members),
            b'[' => self.nested(Self::elements),
            b'"' => self.string().map(drop),
            b't' | b'n' => self.literal(4),
            b'f' => self.literal(5),
            _ => self.number(),
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<(), InvalidJson>) -> Result<(), InvalidJson> {
        self.depth += 1;
        if self.depth > self.bounds.nesting {
            return Err(InvalidJson::TooDeep(self.bounds.nesting));
        }
        inner(self)?;
        self.depth -= 1;
        Ok(())
    }

    fn members(&mut self) -> Result<(), InvalidJson> {
        self.punctuation();
        let mut members = Vec::new();
        while self.peek() != b'}' {
            if !members.is_empty() {
                self.at += 1;
                self.normalised.push(',');
                self.skip_space();
            }
            let start = self.canonical.len();
            let key = self.string()?;
            if key.contains('\0') {
                return Err(InvalidJson::NulInKey { at: self.pointer() });
            }
            let key_end = self.canonical.len();
            self.skip_space();
            self.punctuation();
            self.path.push(Step::Key(key));
            self.skip_space();
            self.value()?;
            self.path.pop();
            // The canonical form ends every member with a comma: sorted members need no separators between them.
            self.canonical.push(b',');
            members.push(Member { start, key_end, end: self.canonical.len() });
            self.skip_space();
        }
        sort_members(&mut self.canonical, &mut members)
            .map_err(|key| InvalidJson::DuplicateKey { at: self.pointer(), key })?;
        self.punctuation();
        Ok(())
    }

    fn elements(&mut self) -> Result<(), InvalidJson> {
        self.punctuation();
        let mut index = 0;
        while self.peek() != b']' {
            if index > 0 {
                self.punctuation();
                self.skip_space();
            }
            self.path.push(Step::Index(index));
            self.value()?;
            self.path.pop();
            index += 1;
            self.skip_space();
        }
        self.punctuation();
        Ok(())
    }

    /// Copies a string in its one spelling and returns what it says.
    fn string(&mut self) -> Result<Cow<'t, str>, InvalidJson> {
        let rest = &self.text[self.at..];
        let (length, escaped) = string_extent(rest);
        let literal = &rest[..length];
        self.at += length;
        if !escaped {
            self.both(literal);
            return Ok(Cow::Borrowed(&literal[1..length - 1]));
        }
        let surrogate = |_| InvalidJson::Surrogate { at: self.pointer() };
        let said: String = serde_json::from_str(literal).map_err(surrogate)?;
        let spelling = serde_json::to_string(&said).map_err(surrogate)?;
        self.both(&spelling);
        Ok(Cow::Owned(said))
    }

    fn number(&mut self) -> Result<(), InvalidJson> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let literal = &rest[..length];
        self.at += length;
        let unkept = || InvalidJson::Number { at: self.pointer(), number: literal.chars().take(40).collect() };
        if literal.contains(['.', 'e', 'E']) {
            let value: f64 = literal.parse().map_err(|_| unkept())?;
            // serde_json spells a double so that it reads back as the same double, and refuses infinity with `null`.
            let vanished = value == 0.0
                && literal.split(['e', 'E']).next().is_some_and(|m| m.contains(|c| matches!(c, '1'..='9')));
            let spelling = if value.is_finite() && !vanished { serde_json::to_string(&value).ok() } else { None };
            let spelling = spelling.ok_or_else(unkept)?;
            self.normalised.push_str(&spelling);
            write_double(&mut self.canonical, value, &spelling);
        } else {
            let value: i64 = literal.parse().map_err(|_| unkept())?;
            self.both(&value.to_string());
        }
        Ok(())
    }

    fn literal(&mut self, length: usize) -> Result<(), InvalidJson> {
        let text = self.text;
        self.both(&text[self.at..self.at + length]);
        self.at += length;
        Ok(())
    }

    /// Copies one byte of punctuation and skips the white space behind it.
    fn punctuation(&mut self) {
        let text = self.text;
        self.both(&text[self.at..=self.at]);
        self.at += 1;
        self.skip_space();
    }

    fn both(&mut self, text: &str) {
        self.normalised.push_str(text);
        self.canonical.extend_from_slice(text.as_bytes());
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    /// The present place as a JSON pointer.
    fn pointer(&self) -> String {
        let escaped = |step: &Step<'_>| match step {
            Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => format!("/{index}"),
        };
        self.path.iter().map(escaped).collect()
    }
}

/// The length of the string literal that `text` begins with, and whether it has escapes.
fn string_extent(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let (mut at, mut escaped) = (1, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return (at + 1, escaped),
            b'\\' => {
                escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
    (bytes.len(), escaped)
}
