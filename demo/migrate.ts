// The schema set-up as a job: services that need the database wait until it has ended with 0.
import {openDatabase} from './lib/database.js';
import {createLog} from './lib/log.js';
import {runProgram} from './lib/program.js';
import {schemaVersion, setUpSchema} from './lib/schema.js';
import {databasePathFrom} from './lib/settings.js';

await runProgram('migrate', async () => {
  const log = createLog('migrate');
  const db = await openDatabase(databasePathFrom(process.env));
  try {
    log.info(`${db.path} (${db.engine})`);
    const done = setUpSchema(db);
    for (const sentence of done) log.info(sentence);
    log.info(done.length === 0 ? `schema ${String(schemaVersion)} is current, nothing to do` : 'done');
  } finally {
    db.close();
  }
});
