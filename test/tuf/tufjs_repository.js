// Makes a repository with @tufjs/models, as that program would have it:
//   node tufjs_repository.js FOLDER EXPIRES
// FOLDER gets metadata/ and targets/ as any HTTP server may serve them, first_root.json, and paths.json: {path: role, ...}.
// Three roots (a key of two rotated, then the threshold raised), keys of all kinds, hashes in snapshot and timestamp, a
// delegation by paths with one below it, and four bins by prefixes of hashes. NODE_PATH names the folder of packages.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { canonicalize } = require('@tufjs/canonical-json');
const { Delegations } = require('@tufjs/models/dist/delegations');
const { DelegatedRole, Role } = require('@tufjs/models/dist/role');
const { Key, Metadata, MetaFile, Root, Signature, Snapshot, TargetFile, Targets, Timestamp } = require('@tufjs/models');

const [folder, expires] = process.argv.slice(2);
const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

const KINDS = {
  ed25519: {
    scheme: 'ed25519', make: () => crypto.generateKeyPairSync('ed25519'),
    write: (key) => key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex'),
    sign: (key, data) => crypto.sign(undefined, data, key),
  },
  ecdsa: {
    scheme: 'ecdsa-sha2-nistp256', make: () => crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
    write: (key) => key.export({ format: 'pem', type: 'spki' }),
    sign: (key, data) => crypto.sign('sha256', data, key),
  },
  rsa: {
    scheme: 'rsassa-pss-sha256', make: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
    write: (key) => key.export({ format: 'pem', type: 'spki' }),
    sign: (key, data) => crypto.sign('sha256', data,
      { key, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  },
};

function newKey(kind) {
  const { publicKey, privateKey } = KINDS[kind].make();
  const value = { keytype: kind, scheme: KINDS[kind].scheme, keyval: { public: KINDS[kind].write(publicKey) } };
  const keyID = sha256(canonicalize(value));
  const sign = (data) => new Signature({ keyID, sig: KINDS[kind].sign(privateKey, data).toString('hex') });
  return { keyID, sign, key: new Key({ keyID, keyType: kind, scheme: value.scheme, keyVal: value.keyval }) };
}

function store(name, signed, keys) {
  const metadata = new Metadata(signed);
  for (const key of keys) metadata.sign(key.sign, true);
  const data = Buffer.from(JSON.stringify(metadata.toJSON()));
  fs.writeFileSync(path.join(folder, 'metadata', name), data);
  return new MetaFile({ version: signed.version, length: data.length, hashes: { sha256: sha256(data) } });
}

function addTarget(targets, role, name) {
  const data = Buffer.from(`${name} of ${role}\n`);
  const hashes = { sha256: sha256(data), sha512: crypto.createHash('sha512').update(data).digest('hex') };
  targets[name] = new TargetFile({ path: name, length: data.length, hashes });
  const file = path.join(folder, 'targets', path.dirname(name));
  fs.mkdirSync(file, { recursive: true });
  for (const hash of Object.values(hashes)) fs.writeFileSync(path.join(file, `${hash}.${path.basename(name)}`), data);
}

function delegated(name, key, more) {
  return new DelegatedRole({ name, keyIDs: [key.keyID], threshold: 1, terminating: false, ...more });
}

fs.mkdirSync(path.join(folder, 'metadata'), { recursive: true });
fs.mkdirSync(path.join(folder, 'targets'), { recursive: true });

// Root: two keys of which one signs, then one of them changed, then both have to.
const [first, second, third] = [newKey('ed25519'), newKey('ecdsa'), newKey('rsa')];
const online = { timestamp: newKey('ecdsa'), snapshot: newKey('ed25519'), targets: newKey('rsa') };
function root(version, holders, threshold) {
  const signed = new Root({ version, expires, consistentSnapshot: true, keys: {}, roles: {
    root: new Role({ keyIDs: [], threshold }), timestamp: new Role({ keyIDs: [], threshold: 1 }),
    snapshot: new Role({ keyIDs: [], threshold: 1 }), targets: new Role({ keyIDs: [], threshold: 1 }) } });
  for (const holder of holders) signed.addKey(holder.key, 'root');
  for (const [role, key] of Object.entries(online)) signed.addKey(key.key, role);
  return signed;
}
store('1.root.json', root(1, [first, second], 1), [second]);
store('2.root.json', root(2, [first, third], 1), [first]);
store('3.root.json', root(3, [first, third], 2), [third, first]);
fs.copyFileSync(path.join(folder, 'metadata', '1.root.json'), path.join(folder, 'first_root.json'));

// Targets: one of its own, team/* to a role that gives team/inner/* away, all else to four bins.
const team = newKey('ecdsa'), inner = newKey('ed25519'), bins = newKey('ecdsa');
const files = { targets: {}, team: {}, 'inner role': {} };
addTarget(files.targets, 'targets', 'top-level.txt');
addTarget(files.team, 'team', 'team/tool.bin');
addTarget(files['inner role'], 'inner role', 'team/inner/deep.bin');
const binRoles = {}, prefixes = '0123456789abcdef'.split('');
for (let bin = 0; bin < 4; bin++) {
  const name = `bin-${bin}`;
  binRoles[name] = delegated(name, bins, { pathHashPrefixes: prefixes.slice(bin * 4, bin * 4 + 4) });
  files[name] = {};
}
for (const name of ['one.bin', 'two.bin', 'three.bin', 'four.bin', 'sub/five six.bin'])
  addTarget(files[`bin-${Math.floor(parseInt(sha256(name)[0], 16) / 4)}`], 'a bin', name);

const meta = {};
const common = { version: 1, expires };
meta['inner role.json'] = store('1.inner role.json', new Targets({ ...common, targets: files['inner role'] }), [inner]);
meta['team.json'] = store('1.team.json', new Targets({ ...common, targets: files.team, delegations: new Delegations({
  keys: { [inner.keyID]: inner.key },
  roles: { 'inner role': delegated('inner role', inner, { paths: ['team/inner/*'] }) } }) }), [team]);
for (const name of Object.keys(binRoles))
  meta[`${name}.json`] = store(`1.${name}.json`, new Targets({ ...common, targets: files[name] }), [bins]);
meta['targets.json'] = store('1.targets.json', new Targets({ ...common, targets: files.targets,
  delegations: new Delegations({ keys: { [team.keyID]: team.key, [bins.keyID]: bins.key },
    roles: { team: delegated('team', team, { paths: ['team/*', 'team/*/*'], terminating: true }), ...binRoles } }) }),
  [online.targets]);
const snapshot = store('1.snapshot.json', new Snapshot({ ...common, meta }), [online.snapshot]);
store('timestamp.json', new Timestamp({ ...common, snapshotMeta: snapshot }), [online.timestamp]);

const paths = {};
for (const [role, targets] of Object.entries(files)) for (const name of Object.keys(targets)) paths[name] = role;
fs.writeFileSync(path.join(folder, 'paths.json'), JSON.stringify(paths, null, 1) + '\n');
