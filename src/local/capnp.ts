/**
 * The configuration of a plain `workerd serve` process. It is written to disk, so it holds the names of the settings
 * and never their values: those reach the Worker from the environment of the process.
 */

/** What one served Worker needs; all paths are absolute. */
export interface Served {
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
  /** File names of the bundle, which lie beside the configuration. The first one is the entry. */
  readonly modules: readonly string[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  /** Names of the settings that are set. */
  readonly settings: readonly string[];
  /** Folder of the Durable Objects' databases. */
  readonly objects: string;
}

/** How workerd is to read a module, by the end of its name; the source map and wrangler's README are left out. */
const moduleKinds: Readonly<Record<string, string>> = {
  ".js": "esModule",
  ".mjs": "esModule",
  ".json": "json",
  ".html": "text",
  ".txt": "text",
  ".css": "text",
  ".bin": "data",
  ".wasm": "wasm",
};

/** Prints the configuration in Cap'n Proto's text format; its one constant is `config`. */
export function capnp(served: Served): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gearbox", worker = .gearbox),
    # The default of every fetch: a URL that somebody else chose never reaches a private address.
    (name = "internet", network = (allow = ["public"], tlsOptions = (trustBrowserCas = true))),
    # Bound as PRIVATE and used for base URLs that the operator wrote, nothing else.
    (name = "private", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "objects", disk = (path = ${text(served.objects)}, writable = true)),
  ],
  sockets = [(name = "http", address = ${text(served.address)}, http = (), service = "gearbox")],
);

const gearbox :Workerd.Worker = (
  modules = [
    ${served.modules.flatMap(printModule).join(",\n    ")},
  ],
  compatibilityDate = ${text(served.compatibilityDate)},
  compatibilityFlags = [${served.compatibilityFlags.map(text).join(", ")}],
  globalOutbound = "internet",
  # The unique key is part of every object's id: changing it orphans all data.
  durableObjectNamespaces = [
    (className = "Team", uniqueKey = "gearbox-team", enableSql = true),
    (className = "Directory", uniqueKey = "gearbox-directory", enableSql = true),
    (className = "Spool", uniqueKey = "gearbox-spool", enableSql = true),
    (className = "CacheShard", uniqueKey = "gearbox-cache", enableSql = true),
    (className = "Recall", uniqueKey = "gearbox-recall", enableSql = true),
    (className = "Conversations", uniqueKey = "gearbox-conversations", enableSql = true),
    (className = "AffinityRecords", uniqueKey = "gearbox-affinity", enableSql = true),
    (className = "TargetHealth", uniqueKey = "gearbox-health", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    ${['(name = "TEAM", durableObjectNamespace = "Team")', '(name = "DIRECTORY", durableObjectNamespace = "Directory")', '(name = "SPOOL", durableObjectNamespace = "Spool")', '(name = "CACHE", durableObjectNamespace = "CacheShard")', '(name = "RECALL", durableObjectNamespace = "Recall")', '(name = "CONVERSATIONS", durableObjectNamespace = "Conversations")', '(name = "AFFINITY", durableObjectNamespace = "AffinityRecords")', '(name = "HEALTH", durableObjectNamespace = "TargetHealth")', '(name = "PRIVATE", service = "private")', ...served.settings.map(printSetting)].join(",\n    ")},
  ],
);
`;
}

/** The names among a bundle's files that are modules, entry first. */
export function modulesOf(files: readonly string[], entry: string): readonly string[] {
  return [entry, ...files.filter((file) => file !== entry && kindOf(file) !== undefined).sort()];
}

function printModule(file: string, index: number): readonly string[] {
  const kind = kindOf(file);
  // Wrangler imports the entry's companions as "./name"; workerd resolves that to the plain name.
  return kind === undefined
    ? []
    : [`(name = ${text(index === 0 ? file : `./${file}`)}, ${kind} = embed ${text(file)})`];
}

function kindOf(file: string): string | undefined {
  return moduleKinds[/\.\w+$/.exec(file)?.[0] ?? ""];
}

function printSetting(name: string): string {
  return `(name = ${text(name)}, fromEnvironment = ${text(name)})`;
}

/** Cap'n Proto's strings escape as C's do, of which JSON's escapes for quotes and backslashes are a part. */
function text(value: string): string {
  return JSON.stringify(value);
}
