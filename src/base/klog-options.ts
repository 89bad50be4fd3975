import { decimal, text, whole, yesNo } from "./options.ts";

const NO_EFFECT = "logs go to standard error; it has no effect";

/** The logging flags that the original took from klog. Only `-v` and `--log-format` have an effect. */
export const klogOptions = {
  verbosity: whole({ flag: "v", fallback: 0, min: 0, help: "Verbosity of the log." }),
  logFormat: text({ flag: "log-format", fallback: "text", oneOf: ["text", "json"], help: "Format of the log." }),
  vmodule: text({ flag: "vmodule", fallback: "", deprecated: "use -v; it has no effect", help: "Verbosity a source." }),
  logToStderr: yesNo({ flag: "logtostderr", fallback: true, help: "Log to standard error." }),
  alsoLogToStderr: yesNo({ flag: "alsologtostderr", fallback: false, help: "Log to standard error as well as files." }),
  stderrThreshold: text({
    flag: "stderrthreshold",
    fallback: "2",
    help: "Least severity that goes to standard error.",
  }),
  logDir: text({ flag: "log_dir", fallback: "", deprecated: NO_EFFECT, help: "Folder for log files." }),
  logFile: text({ flag: "log_file", fallback: "", deprecated: NO_EFFECT, help: "Log file." }),
  logFileMaxSize: decimal({
    flag: "log_file_max_size",
    fallback: 1800,
    help: "Largest size of a log file, in megabytes.",
  }),
  logBacktraceAt: text({ flag: "log_backtrace_at", fallback: "", help: "Write a stack trace at file:line." }),
  addDirHeader: yesNo({ flag: "add_dir_header", fallback: false, help: "Add the folder to the header of a line." }),
  skipHeaders: yesNo({ flag: "skip_headers", fallback: false, help: "Leave the headers of lines out." }),
  skipLogHeaders: yesNo({ flag: "skip_log_headers", fallback: false, help: "Leave the headers of log files out." }),
  oneOutput: yesNo({ flag: "one_output", fallback: false, help: "Write a line to its own severity's log only." }),
};
