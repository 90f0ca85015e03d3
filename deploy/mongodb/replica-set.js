// Makes a replica set, named SET, of the servers in MEMBERS, unless it is one already, and waits for its primary.
// Run by mongosh, connected to the first of them: a server that belongs to no set yet cannot be found in any other way.
const set = process.env.SET;
const members = process.env.MEMBERS.split(",").map((host, _id) => ({ _id, host }));

// The codes by which a server says that it belongs to no set yet, and that another run was quicker.
const NOT_YET_INITIALIZED = 94;
const ALREADY_INITIALIZED = 23;

// An election takes about ten seconds when a member is missing; the rest is for busy machines.
const DEADLINE_MS = 120_000;

// The result of the action, or nothing if it ends with this code. The result has a name, because mongosh waits for what
// is assigned and not for what is returned, and an error that comes after the return is not caught here.
function unless(code, action) {
  try {
    const result = action();
    return result;
  } catch (error) {
    if (error.code !== code) throw error;
    return undefined;
  }
}

if (unless(NOT_YET_INITIALIZED, () => rs.status()) === undefined) {
  const configsvr = process.env.CONFIG_SERVER === "true";
  const config = { _id: set, members, ...(configsvr && { configsvr }) };
  unless(ALREADY_INITIALIZED, () => db.adminCommand({ replSetInitiate: config }));
}

const started = Date.now();
while (!db.hello().primary) {
  if (Date.now() - started > DEADLINE_MS) throw new Error(`${set} has no primary after ${DEADLINE_MS} ms`);
  sleep(250);
}
print(`${set}: ${db.hello().primary} is the primary`);
