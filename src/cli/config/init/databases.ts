import type {Folder, Listens} from './folder.js';
import type {Proposal} from './proposal.js';

/** What usually runs as a service of the system; erp watches it and never starts a second, empty one. */
export const databasePorts: Readonly<Record<string, number>> = {
  postgres: 5432,
  redis: 6379,
  mysql: 3306,
  mongodb: 27_017,
  rabbitmq: 5672,
};

export async function databaseProposals(folder: Folder, listens: Listens): Promise<Proposal[]> {
  const running = await Promise.all(
    Object.entries(databasePorts).map(async ([name, port]) => ((await listens(port)) ? [external(name, port)] : [])),
  );
  const found = running.flat();
  return found.some(({name}) => name === 'redis') ? found : [...found, ...redisFile(folder)];
}

const external = (name: string, port: number): Proposal => ({
  name,
  source: `something answers on 127.0.0.1:${port}`,
  service: {external: true, port, probe: 'tcp'},
  notes: [],
});

function redisFile(folder: Folder): Proposal[] {
  const file = folder.first('redis.conf', 'redis/redis.conf', 'config/redis.conf');
  const text = file === null ? null : folder.read(file);
  if (file === null || text === null) return [];
  const setting = (name: string) => new RegExp(`^\\s*${name}\\s+(\\S+)`, 'im').exec(text)?.[1];
  const port = Number(setting('port') ?? 6379);
  // A daemon leaves its supervisor: erp would see it end at once.
  const foreground = setting('daemonize') === 'yes' ? ['--daemonize', 'no'] : [];
  return [
    {
      name: 'redis',
      source: file,
      service: {
        command: ['redis-server', file, '--port', '{port}', ...foreground],
        port: port > 0 ? port : 6379,
        probe: 'tcp',
      },
      notes: foreground.length === 0 ? [] : [`${file} says daemonize yes; it has to stay in the foreground`],
    },
  ];
}
