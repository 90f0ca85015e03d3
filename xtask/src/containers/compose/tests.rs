//! Made-up Compose files, sound and not, as `flatten.py` prints them.

use super::super::settings::tests::settings;
use super::{Compose, Dockerfile};

const SOUND: &str = "\
name x
services api build target api
services api build args GIT_COMMIT unknown
services api read_only true
services api cap_drop 0 ALL
services api security_opt 0 no-new-privileges:true
services api environment MONGODB_URI mongodb://mongos:27017/?x=y
services api depends_on migrator condition service_completed_successfully
services migrator build target migrator
services migrator read_only true
services migrator cap_drop 0 ALL
services migrator security_opt 0 no-new-privileges:true
services migrator environment 0 MONGODB_URI=mongodb://mongos:27017
services migrator command 0 apply
services migrator command 1 --lease-seconds
services migrator command 2 30
services migrator depends_on mongos condition service_healthy
services mongos image registry:5000/library/mongo:7.0.28-jammy
services mongos restart unless-stopped
services mongos healthcheck test 0 CMD
services mongos volumes 0 ./deploy/x:/x:ro
services mongos volumes 1 data:/data/db
volumes data name x
";

/// What is found when one text is put in the place of another; a name in the messages stands without the file's.
fn found(old: &str, new: &str) -> Vec<String> {
    assert!(SOUND.contains(old), "{old}");
    let dockerfile = Dockerfile::parse("FROM a AS api\nARG GIT_COMMIT=x\nFROM a AS migrator\n");
    let compose = Compose::parse(&SOUND.replace(old, new).replace(' ', "\t"));
    let violations = compose.violations(&settings(), &dockerfile, &|path| path == "deploy/x");
    violations.into_iter().map(|found| found.replacen("docker-compose.yml: ", "", 1)).collect()
}

#[test]
fn a_sound_one_passes() {
    assert_eq!(found("name x", "name y"), [""; 0]);
}

#[test]
fn a_variable_that_the_binary_does_not_know_is_found_in_a_map_and_in_a_list() {
    let unknown = found("environment MONGODB_URI", "environment MONGO_URL");
    assert_eq!(unknown, ["api: is given MONGO_URL, which is no setting of api"]);
    // A setting of one binary is not one of the other.
    let unknown = found("0 MONGODB_URI=", "0 PORT=");
    assert_eq!(unknown, ["migrator: is given PORT, which is no setting of migrator"]);
    let hidden = found("api read_only true", "api read_only true\nservices api env_file 0 .env");
    assert_eq!(hidden, ["api: has an env_file, which cannot be checked"]);
}

#[test]
fn an_option_that_the_migrator_does_not_know_is_found() {
    let expected = "migrator: is run with --lease, which is no option of migrator";
    assert_eq!(found("--lease-seconds", "--lease"), [expected]);
}

#[test]
fn a_target_or_an_argument_that_the_dockerfile_does_not_have_is_found() {
    let unknown = found("args GIT_COMMIT", "args COMMIT");
    assert_eq!(unknown, ["api: is built with COMMIT, which the Dockerfile does not take"]);
    let unknown = found("target migrator", "target operator");
    assert!(unknown.contains(&"migrator: is built from operator, which is no target of the Dockerfile".to_owned()));
    assert_eq!(
        found("migrator build target migrator", "migrator build context ."),
        ["migrator: is built without a target"]
    );
}

#[test]
fn a_service_of_ours_that_could_do_more_than_it_must_is_found() {
    for (old, new, fault) in [
        ("api read_only true", "api read_only false", "api: has a writable file system"),
        ("api cap_drop 0 ALL", "api cap_drop 0 CHOWN", "api: keeps capabilities"),
        ("api security_opt 0 no-new-privileges:true", "api security_opt 0 x", "api: can gain privileges"),
    ] {
        assert_eq!(found(old, new), [fault]);
    }
}

#[test]
fn an_image_without_an_exact_version_is_found() {
    for image in ["mongo", "mongo:7", "mongo:latest", "registry:5000/library/mongo"] {
        let expected = format!("mongos: runs \"{image}\", which is no exact version");
        assert_eq!(found("registry:5000/library/mongo:7.0.28-jammy", image), [expected]);
    }
}

#[test]
fn a_mount_that_is_not_in_the_repository_is_found() {
    assert_eq!(found("./deploy/x:", "./deploy/y:"), ["mongos: mounts deploy/y, which does not exist"]);
}

#[test]
fn a_server_that_is_no_service_is_found() {
    let expected = "api: names the server mongos-1, which is no service";
    assert_eq!(found("mongodb://mongos:27017/", "mongodb://mongos-1:27017/"), [expected]);
}

#[test]
fn waiting_for_what_will_not_come_is_found() {
    for (old, new, fault) in [
        ("depends_on mongos", "depends_on mongo", "migrator: depends on mongo, which is no service"),
        ("healthcheck test", "x test", "migrator: waits for mongos to be healthy, which has no health check"),
        (
            "condition service_healthy",
            "condition service_completed_successfully",
            "migrator: waits for mongos to end, which is started again",
        ),
        (
            "mongos restart unless-stopped",
            "mongos profiles 0 small",
            "migrator: depends on mongos, which is not in every profile that it is in itself",
        ),
    ] {
        assert_eq!(found(old, new), [fault]);
    }
}

#[test]
fn a_circle_is_found() {
    let circle = "services mongos depends_on 0 api\nservices mongos restart";
    let expected = ["api", "migrator", "mongos"].map(|name| format!("{name}: depends on itself in the end"));
    assert_eq!(found("services mongos restart", circle), expected);
}
