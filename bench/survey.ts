// Prints for how many milliseconds the first survey of these ports took, and how many of them have a holder.
import {surveyPorts} from '../src/lib/platform/port-survey.js';

const since = performance.now();
const {listeners} = await surveyPorts(process.argv.slice(2).map(Number));
console.log(performance.now() - since, listeners?.filter(({pid}) => pid !== null).length ?? 0);
