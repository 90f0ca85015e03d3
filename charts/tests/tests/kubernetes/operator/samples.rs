//! The samples say what they are named after, and what they tell Helm by Argo CD or Flux is true.

use std::fs;

use anyhow::Result;
use conversation_testkit::control_plane::Helm;
use serde_json::Value;

use super::super::support::{at, manifest_of, objects, root};
use super::manifests::samples;

#[test]
fn every_sample_begins_with_what_it_shows_and_its_commands_speak_of_its_own_objects() -> Result<()> {
    let mut commands = 0;
    for sample in samples()? {
        let (text, name) = (fs::read_to_string(&sample)?, sample.display());
        let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
        let sentence = comment.iter().take_while(|line| !line.is_empty()).copied().collect::<Vec<_>>().join(" ");
        assert!(sentence.split(' ').count() > 5 && sentence.ends_with(['.', ':']), "{name}: {sentence}");
        let names: Vec<String> = objects(&text)?.iter().map(|object| at(object, "/metadata/name").to_owned()).collect();
        for command in comment.iter().filter(|line| line.starts_with("kubectl ")) {
            let words: Vec<&str> = command.split([' ', '/']).collect();
            if let Some((_, file)) = command.split_once("k8s/samples/") {
                assert!(sample.ends_with(file.split(' ').next().unwrap_or_default()), "{name}: {command}");
            }
            let kinds = ["conversationservice", "conversationschema"];
            for pair in words.windows(2).filter(|pair| kinds.contains(&pair[0])) {
                assert!(names.contains(&pair[1].to_owned()), "{name}: {command}");
            }
            commands += 1;
        }
    }
    assert!(commands > 5, "{commands} commands");
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
