//! The samples say what they are named after, and what they tell Helm by Argo CD or Flux is true.

use std::fs;

use anyhow::Result;
use conversation_testkit::control_plane::Helm;
use serde_json::Value;

use super::super::support::{at, manifest_of, objects, root};
use super::manifests::samples;

#[test]
fn every_sample_begins_with_what_it_shows() -> Result<()> {
    for sample in samples()? {
        let text = fs::read_to_string(&sample)?;
        assert!(text.starts_with("# "), "{} begins with no comment", sample.display());
    }
    Ok(())
}

#[test]
fn the_values_that_argo_cd_and_flux_pass_are_taken_by_the_charts() -> Result<()> {
    let mut taken = 0;
    let scratch = tempfile::tempdir()?;
    for sample in samples()? {
        for object in objects(&fs::read_to_string(&sample)?)? {
            let (chart, values) = match at(&object, "/kind") {
                "Application" => (at(&object, "/spec/source/path"), object.pointer("/spec/source/helm/valuesObject")),
                "HelmRelease" => (at(&object, "/spec/chart/spec/chart"), object.pointer("/spec/values")),
                _ => continue,
            };
            let Some(values) = values else { continue };
            let file = scratch.path().join("values.json");
            fs::write(&file, values.to_string())?;
            for helm in [Helm::V3, Helm::V4] {
                manifest_of(&root().join(chart), helm, "sample", &file, &[])?;
            }
            taken += 1;
        }
    }
    assert_eq!(taken, 3, "the operator by both, the service by Flux");
    Ok(())
}

#[test]
fn the_images_of_the_samples_are_of_one_registry_and_this_version() -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    for sample in samples()? {
        for object in objects(&fs::read_to_string(&sample)?)? {
            let Some(image) = object.pointer("/spec/image") else { continue };
            assert!(at(image, "/repository").starts_with("registry.example.com/voice/conversation-"), "{image}");
            assert_eq!(image["tag"], Value::from(version), "{}", sample.display());
        }
    }
    Ok(())
}
