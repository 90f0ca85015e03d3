//! Amounts of processors and memory, which the API server stores in its own spelling: `0.5` becomes `500m`.

use serde_json::Value;

/// Whether two values are the same amount.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (billionths(left), billionths(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// An amount in billionths, the finest that there are; the API server rounds up to them.
fn billionths(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let text = text.strip_prefix('+').unwrap_or(&text);
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let factor = factor(suffix)?;
    let whole = if whole.is_empty() { 0 } else { whole.parse::<i128>().ok()? };
    let mut amount = whole.checked_mul(factor)?;
    let (mut part, mut finer) = (factor, false);
    for digit in fraction.bytes() {
        finer |= part % 10 != 0 && digit != b'0';
        part /= 10;
        amount += i128::from(digit - b'0') * part;
    }
    Some(amount + i128::from(finer))
}

/// How many billionths one of a unit is.
fn factor(suffix: &str) -> Option<i128> {
    const ONE: i128 = 1_000_000_000;
    let decimal = |exponent: u32| ONE.checked_mul(10_i128.checked_pow(exponent)?);
    let binary = |exponent: u32| Some(ONE << exponent);
    match suffix {
        "n" => Some(1),
        "u" => Some(1_000),
        "m" => Some(1_000_000),
        "" => Some(ONE),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => match suffix.strip_prefix(['e', 'E'])?.parse::<i32>().ok()? {
            exponent @ 0.. => decimal(exponent.unsigned_abs()),
            exponent => ONE.checked_div(10_i128.checked_pow(exponent.unsigned_abs())?),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::same;
    use serde_json::json;

    #[test]
    fn spellings_of_an_amount_are_the_same() {
        let table = [
            ("0.5", "500m"),
            (".5", "500m"),
            ("1000m", "1"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("2", "2.0"),
            ("2.", "2"),
            ("1e3", "1k"),
            ("1E3", "1k"),
            ("5e-1", "500m"),
            ("1e-9", "1n"),
            ("1000u", "1m"),
            ("+1", "1"),
            ("0.0000000001", "1n"),
            ("1000n", "1u"),
            ("1000T", "1P"),
            ("1000P", "1E"),
            ("1024Ti", "1Pi"),
            ("1024Pi", "1Ei"),
        ];
        for (left, right) in table {
            assert!(same(&json!(left), &json!(right)), "{left} {right}");
        }
        assert!(same(&json!(1), &json!("1")));
    }

    #[test]
    fn other_texts_are_not_amounts() {
        for (left, right) in
            [("1", "2"), ("500m", "500M"), ("v1", "v1.0"), ("", ""), ("1.0.0", "1.0.0"), (".", "."), ("1e99", "1e99")]
        {
            assert!(!same(&json!(left), &json!(right)), "{left} {right}");
        }
    }
}
