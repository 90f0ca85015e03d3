//! What is broken while calls are made.

pub(crate) mod migrator;
pub(crate) mod redis;

use anyhow::{Result, bail, ensure};
use conversation_testkit::ReplicaSet;

use crate::{
    binaries::Binaries,
    k6::K6,
    profile::Fault,
    stand::{Stand, Store},
};
use migrator::Migrator;

impl Fault {
    /// Breaks it while `k6` is at work, and says what was done.
    pub(crate) async fn happen(self, stand: &Stand, binaries: &Binaries, k6: &K6) -> Result<Vec<String>> {
        let done = match (self, &stand.store) {
            (Self::Failover, Store::Mongodb(set)) => fail_over(set, k6).await?,
            (Self::Migration, Store::Sharded(cluster)) => {
                Migrator::new(&binaries.migrator, &cluster.uri()).migrate(cluster, k6).await?
            }
            (Self::RedisDown, _) => match &stand.redis {
                Some(redis) => redis.go_and_come_back(k6).await?,
                None => vec![redis::NONE.to_owned()],
            },
            (Self::Failover | Self::Migration, _) => bail!("the fault {} needs another store", self.name()),
        };
        ensure!(k6.is_running()?, "the load was over before the fault: give a longer --duration");
        Ok(done)
    }
}

async fn fail_over(set: &ReplicaSet, k6: &K6) -> Result<Vec<String>> {
    let primary = set.primary().await?;
    set.kill(primary)?;
    set.wait_for_primary().await?;
    k6.until_more_acknowledged().await?;
    set.restart(primary).await?;
    set.wait_until_healthy().await?;
    let next = set.step_down().await?;
    k6.until_more_acknowledged().await?;
    set.wait_until_healthy().await?;
    // A primary that is silent leaves outcomes unknown, which a dead one seldom does: its connections break at once.
    let silent = set.primary().await?;
    set.pause(silent)?;
    let noticed = k6.until_one_was_in_doubt().await;
    set.resume(silent)?;
    noticed?;
    set.wait_until_healthy().await?;
    k6.until_more_acknowledged().await?;
    Ok(vec![
        format!("member {primary} was primary, was killed (-9), and was started again"),
        format!("the next primary stepped down, and member {next} followed it"),
        format!(
            "member {silent} was primary, was stopped in its tracks until requests to it had timed out, and went on"
        ),
    ])
}
