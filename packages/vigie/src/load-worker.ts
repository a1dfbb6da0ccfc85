/** The worker thread of load runs, as an entry of its own for the bundle. */
import '@vigie/load/worker'
