//! Amounts of processors and memory, which the API server stores in its own spelling: `0.5` becomes `500m`.

use serde_json::Value;

/// Whether two values are the same amount.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (thousandths(left), thousandths(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// An amount in thousandths, finer than which nobody asks for processors or memory.
fn thousandths(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let thousandths = |factor: i128| Some(factor * 1000);
    let factor = match suffix {
        "m" => 1,
        "" => thousandths(1)?,
        "k" => thousandths(1000)?,
        "M" => thousandths(1_000_000)?,
        "G" => thousandths(1_000_000_000)?,
        "T" => thousandths(1_000_000_000_000)?,
        "Ki" => thousandths(1 << 10)?,
        "Mi" => thousandths(1 << 20)?,
        "Gi" => thousandths(1 << 30)?,
        "Ti" => thousandths(1 << 40)?,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut amount = whole.parse::<i128>().ok()?.checked_mul(factor)?;
    let mut part = factor;
    for digit in fraction.bytes() {
        part /= 10;
        amount += i128::from(digit - b'0') * part;
    }
    Some(amount)
}

#[cfg(test)]
mod tests {
    use super::same;
    use serde_json::json;

    #[test]
    fn spellings_of_an_amount_are_the_same() {
        for (left, right) in [("0.5", "500m"), ("1000m", "1"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), ("2", "2.0")] {
            assert!(same(&json!(left), &json!(right)), "{left} {right}");
        }
        assert!(same(&json!(1), &json!("1")));
    }

    #[test]
    fn other_texts_are_not_amounts() {
        for (left, right) in [("1", "2"), ("500m", "500M"), ("v1", "v1.0"), ("", ""), ("1.0.0", "1.0.0")] {
            assert!(!same(&json!(left), &json!(right)), "{left} {right}");
        }
    }
}
