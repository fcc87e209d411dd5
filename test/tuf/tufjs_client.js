// tuf-js behind the command line of the public conformance suite, so that it and our client can be put in each other's place:
//   node tufjs_client.js --metadata-dir DIR [--metadata-url URL] [--target-name PATH]... [--target-base-url URL]
//     [--target-dir DIR] init ROOT | refresh | download
// NODE_PATH names the folder of packages (tools/setup --tests).
'use strict';
const fs = require('fs');
const path = require('path');
const { Updater } = require('tuf-js');

function parse(words) {
  const options = { 'target-name': [] };
  const rest = [];
  while (words.length > 0) {
    const word = words.shift();
    if (!word.startsWith('--')) rest.push(word);
    else if (word === '--target-name') options['target-name'].push(words.shift());
    else options[word.slice(2)] = words.shift();
  }
  return { options, command: rest[0], argument: rest[1] };
}

async function main() {
  const { options, command, argument } = parse(process.argv.slice(2));
  const metadataDir = options['metadata-dir'];
  if (command === 'init') {
    fs.copyFileSync(argument, path.join(metadataDir, 'root.json'));
    return;
  }
  const updater = new Updater({
    metadataDir,
    metadataBaseUrl: options['metadata-url'].replace(/\/$/, ''),
    targetDir: options['target-dir'],
    targetBaseUrl: (options['target-base-url'] || '').replace(/\/$/, ''),
    config: { fetchRetry: 0, fetchTimeout: 10000 },
  });
  await updater.refresh();
  for (const name of options['target-name']) {
    const target = await updater.getTargetInfo(name);
    if (!target) throw new Error(`nobody speaks for ${name}`);
    const file = path.join(options['target-dir'], encodeURIComponent(name));
    if (!(await updater.findCachedTarget(target, file))) await updater.downloadTarget(target, file);
  }
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${error.message}\n`);
  process.exitCode = 1;
});
