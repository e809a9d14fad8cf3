/**
 * Is package-lock.json whole? `npm install` writes a lock without the platform packages that a registry does not carry,
 * and only the next machine's `npm ci` fails on it. Also: are all versions in package.json exact?
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lockfile {
  readonly packages: Readonly<Record<string, Locked>>;
}

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What is wrong, one sentence each; empty when all is well. */
export function lockProblems(manifest: Manifest, lock: Lockfile): readonly string[] {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `package.json: ${name} "${version}" is no exact version.`);
  return [...loose, ...Object.entries(lock.packages).flatMap(([place, locked]) => missing(place, locked, lock))];
}

function missing(place: string, { optionalDependencies = {} }: Locked, lock: Lockfile): readonly string[] {
  return Object.keys(optionalDependencies).flatMap((name) => {
    const found = lookUp(place, name, lock);
    if (found?.version !== undefined && found.integrity !== undefined) return [];
    return [
      `package-lock.json: ${name}, which ${place || "package.json"} names, ${found ? "has no integrity" : "is missing"}.`,
    ];
  });
}

/** As Node resolves: in the package's own node_modules first, then in those of each folder above. */
function lookUp(place: string, name: string, lock: Lockfile): Locked | undefined {
  const found = lock.packages[`${place === "" ? "" : `${place}/`}node_modules/${name}`];
  if (found !== undefined || place === "") return found;
  const above = place.lastIndexOf("/node_modules/");
  return lookUp(above < 0 ? "" : place.slice(0, above), name, lock);
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, "..");
  const [manifest, lock] = ["package.json", "package-lock.json"].map((file) =>
    JSON.parse(readFileSync(join(root, file), "utf8")),
  );
  const problems = lockProblems(manifest as Manifest, lock as Lockfile);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
