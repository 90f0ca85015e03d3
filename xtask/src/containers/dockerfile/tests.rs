//! Made-up Dockerfiles, sound and not.

use super::super::settings::tests::settings;
use super::Dockerfile;

const SOUND: &str = "\
FROM rust:1 AS source
COPY Cargo.toml Cargo.lock ./
COPY api api

FROM source AS build
ARG GIT_COMMIT=unknown
RUN --mount=type=cache,target=/src/target \\
    # A reason.
    cargo build --locked --release -p conversation-api \\
    && install -D target/release/conversation-api /out/conversation-api
RUN cargo build --locked --release -p conversation-migrator
RUN cargo build --locked --release -p conversation-operator

FROM base:1 AS runtime
USER 65532:65532

FROM runtime AS migrator
COPY --from=build /out/conversation-migrator /usr/local/bin/conversation-migrator

FROM runtime AS operator
COPY --from=build /out/conversation-operator /usr/local/bin/conversation-operator

FROM runtime AS api
COPY --from=build --chown=65532:65532 /out/data /data
ENV DATA_DIR=/data
EXPOSE 3000 9090
";

/// What is found when one text is put in the place of another.
fn found(old: &str, new: &str) -> Vec<String> {
    assert!(SOUND.contains(old), "{old}");
    Dockerfile::parse(&SOUND.replace(old, new)).violations(&settings())
}

#[test]
fn a_sound_one_passes() {
    assert_eq!(Dockerfile::parse(SOUND).violations(&settings()), [""; 0]);
}

#[test]
fn the_build_commands_are_found_within_their_instructions() {
    let dockerfile = Dockerfile::parse(SOUND);
    let builds: Vec<_> = dockerfile.builds().iter().map(|build| (build.line, build.package)).collect();
    assert_eq!(builds, [(7, "conversation-api"), (11, "conversation-migrator"), (12, "conversation-operator")]);
    assert_eq!(dockerfile.builds()[0].arguments, ["build", "--locked", "--release", "-p", "conversation-api"]);
}

#[test]
fn only_what_comes_from_the_repository_counts_as_copied() {
    let dockerfile = Dockerfile::parse(SOUND);
    assert_eq!(dockerfile.copied(), [(2, "Cargo.toml"), (2, "Cargo.lock"), (3, "api")]);
}

#[test]
fn a_build_that_may_change_the_lock_file_is_found() {
    let expected =
        "Dockerfile:11: cargo build --release -p conversation-migrator: is not cargo build --locked --release -p …";
    assert_eq!(found("--locked --release -p conversation-migrator", "--release -p conversation-migrator"), [expected]);
}

#[test]
fn a_binary_that_is_never_built_is_found() {
    let expected = "Dockerfile: conversation-migrator is never built";
    assert_eq!(found("-p conversation-migrator", "-p conversation-api"), [expected]);
}

#[test]
fn a_missing_target_is_found() {
    assert_eq!(found("AS migrator", "AS migration"), ["Dockerfile: there is no target migrator"]);
}

#[test]
fn sources_at_another_place_are_found() {
    assert_eq!(found("COPY api api", "COPY api service"), ["Dockerfile:3: COPY api: is put at another place, service"]);
}

#[test]
fn a_user_who_is_root_or_has_no_number_is_found() {
    for user in ["0", "root", "nonroot"] {
        let expected = ["api", "migrator", "operator"]
            .map(|target| format!("Dockerfile: {target} runs as {user}, not as the number of a user other than root"));
        assert_eq!(found("USER 65532:65532", &format!("USER {user}")), expected);
    }
    assert_eq!(found("USER 65532:65532\n", "").len(), 3);
}

#[test]
fn a_variable_that_is_no_setting_is_found() {
    let expected = "Dockerfile:25: ENV DATA_FOLDER: is no setting of api";
    assert_eq!(found("ENV DATA_DIR", "ENV DATA_FOLDER"), [expected]);
}

#[test]
fn another_port_than_the_default_is_found() {
    let expected = "Dockerfile: EXPOSE is not the defaults of PORT and MANAGEMENT_PORT";
    assert_eq!(found("EXPOSE 3000 9090", "EXPOSE 8080 9090"), [expected]);
}

#[test]
fn an_argument_of_the_build_is_known() {
    let dockerfile = Dockerfile::parse(SOUND);
    assert!(dockerfile.takes("GIT_COMMIT") && !dockerfile.takes("GIT_BRANCH"));
}
