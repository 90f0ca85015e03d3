// Adds to the cluster each shard in SHARDS (name/host:port,… separated by blanks) that it does not have yet.
// Run by mongosh, connected to a mongos.
const present = db.adminCommand({ listShards: 1 }).shards.map((shard) => shard._id);

for (const shard of process.env.SHARDS.split(" ")) {
  const name = shard.split("/")[0];
  if (!present.includes(name)) db.adminCommand({ addShard: shard, name });
  print(`${name}: ${present.includes(name) ? "was there" : "added"}`);
}
