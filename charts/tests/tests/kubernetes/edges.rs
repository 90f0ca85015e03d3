//! Values at their bounds: what the chart lets through, the API server takes.

use anyhow::{Context, Result};
use conversation_testkit::control_plane::Helm;

use super::cluster::{file, kubectl, restricted, shared};
use super::support::{manifest, topology};

/// Values as `--set-json` has them. LABEL and NAME are the longest that there are, FIELD is as long as an index's may be.
const AT_THEIR_BOUNDS: [&str; 52] = [
    r#"commonLabels={"NAME/LABEL":"LABEL","a_b.C":""}"#,
    r#"commonAnnotations={"NAME/LABEL":"any text: {}","Upper.Example/a":""}"#,
    r#"podLabels={"LABEL":"A_b.c-D"}"#,
    r#"nodeSelector={"LABEL":"LABEL"}"#,
    r#"priorityClassName="business-critical""#,
    r#"imagePullSecrets=[{"name":"NAME"}]"#,
    r#"mongodb.existingSecret="NAME""#,
    r#"mongodb.uriKey="K-_.FIELD""#,
    r#"mongodb.database="a'b#c&d,e%f""#,
    r#"mongodb.tls={"existingSecret":"ca","mountPath":"/a b#c"}"#,
    r#"image.tag="FIELD""#,
    r#"image.tag="_-.""#,
    r#"resources={"requests":{"cpu":".5","memory":"1e6"},"limits":{"cpu":"1500000u","memory":"8E","ephemeral-storage":"1Pi"}}"#,
    r#"resources={"requests":{"cpu":0.25,"memory":134217728},"limits":{"cpu":"1.","memory":1e9}}"#,
    r#"tolerations=[{"operator":"Exists"},{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":0}]"#,
    r#"ingress={"enabled":true,"className":"a.b","hosts":["*.example.com","1.example"],"tls":[{"hosts":["*.example.com"]},{}]}"#,
    r#"gateway={"enabled":true,"parentRefs":[{"name":"a.b","namespace":"1","sectionName":"https","port":443}]}"#,
    r#"gateway={"enabled":true,"parentRefs":[{"name":"a"}],"hostnames":["*.example.com"],"requestTimeout":"1h2m3s4ms"}"#,
    r#"gateway={"enabled":true,"parentRefs":[{"name":"a"}],"requestTimeout":"0s"}"#,
    r#"serviceMonitor={"enabled":true,"interval":"1d2h3m4s5ms","scrapeTimeout":"1m30s"}"#,
    r#"extraEnv=[{"name":"a.b-C_1"},{"name":"TZ","value":""}]"#,
    r#"extraEnvFrom=[{"prefix":"A_","configMapRef":{"name":"a","optional":true}}]"#,
    r#"extraVolumes=[{"name":"a","emptyDir":{}}]"#,
    r#"maxSurge="200%""#,
    r#"podDisruptionBudget.maxUnavailable="50%""#,
    r#"probes.startup={"periodSeconds":1,"timeoutSeconds":1,"failureThreshold":1}"#,
    r#"shutdown={"preStopSeconds":600,"drainDelaySeconds":600,"timeoutSeconds":3600}"#,
    r#"shutdown={"preStopSeconds":0,"drainDelaySeconds":0}"#,
    r#"autoscaling={"enabled":true,"minReplicas":1,"maxReplicas":1,"targetCPUUtilizationPercentage":1000}"#,
    r#"networkPolicy={"enabled":true,"mongodbPorts":[1,65535],"from":[{"ipBlock":{"cidr":"fd00::/8"}}],"extraEgress":[{}]}"#,
    r#"migration={"timeoutSeconds":604800,"waitSeconds":86400,"backoffLimit":100}"#,
    r#"migration={"gate":"operator","timeoutSeconds":10,"verifyEverySeconds":60,"declaration":{"retentionDays":10000}}"#,
    r#"migration={"gate":"operator","declaration":{"chunksPerShard":1024,"zone":{"name":"z","shards":["s"]},"allowDrop":["events.x"]}}"#,
    r#"migration={"gate":"operator","declaration":{"indexes":[{"collection":"events","name":"LABEL","keys":[{"field":"FIELD","order":"hashed"}]}]}}"#,
    r#"migration={"gate":"operator","podAnnotations":{"NAME/LABEL":"x"},"podLabels":{"LABEL":"LABEL"}},affinity={"nodeAffinity":{}},commonLabels={"NAME/LABEL":"x"}"#,
    r#"migration={"gate":"operator","declaration":{"ignoreIndexUse":true}},podSecurityContext.platformAssignsUsers=true,networkPolicy.enabled=true"#,
    r#"migration={"gate":"operator","resources":{"requests":{"cpu":0.5,"memory":134217728},"limits":{"memory":1e9}}}"#,
    r#"maxSurge=1000000,podDisruptionBudget.maxUnavailable=1000000,minReadySeconds=899"#,
    r#"topologySpread=[{"topologyKey":"a","maxSkew":1,"whenUnsatisfiable":"DoNotSchedule","minDomains":2}]"#,
    r#"dnsPolicy="None",dnsConfig={"nameservers":["fd00::1"]}"#,
    r#"service={"type":"NodePort","port":65535,"nodePort":30000,"externalTrafficPolicy":"Local","labels":{"LABEL":"LABEL"}}"#,
    r#"service={"ipFamilyPolicy":"SingleStack","ipFamilies":["IPv4"],"trafficDistribution":"PreferClose"}"#,
    r#"schedulerName="NAME""#,
    r#"hostAliases=[{"ip":"fd00::1","hostnames":["a.b"]}]"#,
    r#"dnsConfig={"nameservers":["fd00::1"],"searches":["a.b"],"options":[{"name":"ndots","value":"2"}]}"#,
    r#"mongodb={"existingSecret":"","uriFile":"/a/b.c"}"#,
    r#"replicas=0"#,
    r#"replicas=2147483647"#,
    r#"progressDeadlineSeconds=2147483647"#,
    r#"podDisruptionBudget.maxUnavailable="100%""#,
    r#"podSecurityContext={"runAsUser":2147483647,"runAsGroup":0,"fsGroup":0,"supplementalGroups":[0,2147483647]}"#,
    r#"keda={"enabled":true,"fallback":{"failureThreshold":1,"replicas":0},"triggers":[{"type":"cron","metadata":{"a":"b"}}]}"#,
];

#[tokio::test]
async fn the_api_server_takes_values_at_their_bounds() -> Result<()> {
    let plane = shared().await?;
    let namespace = restricted(plane, "edges").await?;
    let name = format!("{}.{}", "n".repeat(63), "n".repeat(63));
    for (number, value) in AT_THEIR_BOUNDS.iter().enumerate() {
        let value = value.replace("LABEL", &"l".repeat(63)).replace("NAME", &name).replace("FIELD", &"f".repeat(128));
        // Pods are refused without an account, and a dry run makes none.
        let more = ["--set-json", &value, "--set", "serviceAccount.create=false"];
        let manifest = manifest(Helm::V4, &topology("minimal"), &more)?;
        let file = file(plane, &format!("edge-{number}"), &manifest)?;
        let apply = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename", &file];
        kubectl(plane, &namespace, &apply).await.context(value)?;
    }
    Ok(())
}
