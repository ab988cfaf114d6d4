//===- CommandLine.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Octet project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "octet/Driver/CommandLine.h"
#include "ModelFlags.h"
#include "Session.h"
#include "octet/Harness/harness.h"
#include "octet/Support/Suggest.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"
#include <CLI/CLI.hpp>
#include <csignal>
#include <sys/prctl.h>

using namespace octet;
using llvm::StringRef;
using llvm::Twine;

/// Where descriptions begin in a command's help.
static constexpr size_t helpColumn = 24;

static constexpr StringRef statuses =
    "Exit status: 0 done; 1 the input was refused, with one sentence on "
    "stderr;\n2 the command line was not understood.\n";

static int misuse(const Twine &message, StringRef command = "") {
  std::string help = command.empty() ? "" : (command + " ").str();
  print({"misuse", "", "", (message + "; see octet " + help + "--help").str()});
  return 2;
}

/// True if `command` is among `names`, "a b c".
static bool isAmong(StringRef command, StringRef names) {
  llvm::SmallVector<StringRef> parts;
  names.split(parts, ' ');
  return llvm::is_contained(parts, command);
}

//===----------------------------------------------------------------------===//
// Help
//===----------------------------------------------------------------------===//

static void printOverview(llvm::raw_ostream &os) {
  os << "usage: octet COMMAND MODEL... [FLAGS]\n\n";
  for (const Command &command : allCommands())
    os << "  octet "
       << llvm::left_justify((command.name + " " + command.inputs).str(), 22)
       << command.summary << "\n";
  os << "\nA MODEL is an .onnx file or an .mlir graph. A PROGRAM is a compiled "
        "program, or\na model, which is compiled first.\n\n"
        "  octet COMMAND --help  flags and examples\n"
        "  octet --version       versions of Octet and LLVM\n\n"
     << statuses;
}

namespace {
/// CLI11's help with our usage line.
struct Help : CLI::Formatter {
  explicit Help(const Command &command) : command(command) {
    column_width(helpColumn);
  }
  std::string make_usage(const CLI::App *, std::string) const override {
    return ("\nusage: octet " + command.name +
            (command.inputs.empty() ? "" : " " + command.inputs) + " [FLAGS]\n")
        .str();
  }
  std::string
  make_group(std::string, bool isPositional,
             std::vector<const CLI::Option *> options) const override {
    return Formatter::make_group("Flags", isPositional, options);
  }

  const Command &command;
};
} // namespace

/// What the help says of `flag`, in lines that fit beside the flags.
static std::string describe(const Flag &flag, const Command &command) {
  std::string text = flag.help;
  if (isAmong(command.name, flag.neededBy))
    text += " (needed)";
  if (!flag.initial.empty())
    text += (" (default: " + flag.initial + ")").str();
  llvm::SmallVector<StringRef> words;
  StringRef(text).split(words, ' ');
  std::string lines;
  size_t used = 0;
  for (StringRef word : words) {
    bool breaks = used + 1 + word.size() > 80 - helpColumn;
    if (used > 0)
      lines += breaks ? '\n' : ' ';
    lines += word;
    used = (breaks ? 0 : used + 1) + word.size();
  }
  return lines;
}

static std::string makeFooter(const Command &command) {
  std::string text = "Examples:\n";
  for (StringRef example : command.examples)
    text += ("  " + example + "\n").str();
  return text + "\n" + statuses.str();
}

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

namespace {
/// A flag of one command, with what CLI11 found for it.
struct Given {
  const Flag *flag;
  CLI::Option *option;
  /// Its names, apart.
  llvm::SmallVector<StringRef> names;
};
} // namespace

/// CLI11 takes "--flag=" for a flag whose value comes next, and "-o=x" for the
/// value "=x": the two are taken apart here.
static std::vector<std::string> splitValues(llvm::ArrayRef<char *> arguments,
                                            llvm::ArrayRef<Given> flags) {
  std::vector<std::string> result;
  for (size_t i = 0; i < arguments.size(); ++i) {
    StringRef argument = arguments[i];
    if (argument == "--") {
      result.insert(result.end(), arguments.begin() + i, arguments.end());
      break;
    }
    auto [name, value] = argument.split('=');
    auto *known = llvm::find_if(flags, [&, name = name](const Given &given) {
      return llvm::is_contained(given.names, name);
    });
    result.push_back(argument.str());
    if (known == flags.end() || known->flag->value.empty())
      continue;
    if (name.size() < argument.size()) {
      result.back() = name.str();
      result.push_back(value.str());
    } else if (i + 1 < arguments.size()) {
      // A value is one whatever it looks like.
      result.push_back(arguments[++i]);
    }
  }
  return result;
}

/// Takes the models from what CLI11 did not take for flags; 0, or 2 after a
/// message.
static int takeInputs(const Command &command, llvm::ArrayRef<Given> flags,
                      const std::vector<std::string> &rest,
                      CommandOptions &options) {
  bool flagsEnded = false;
  for (const std::string &argument : rest) {
    if (!flagsEnded && argument == "--") {
      flagsEnded = true;
      continue;
    }
    if (!flagsEnded && argument.size() > 1 && argument[0] == '-') {
      StringRef name = StringRef(argument).split('=').first;
      llvm::SmallVector<StringRef> known{"--help"};
      for (const Given &given : flags)
        llvm::append_range(known, given.names);
      return misuse("'" + command.name + "' takes no flag " + name +
                        suggest(name, known),
                    command.name);
    }
    options.inputs.push_back(argument);
  }
  size_t count = options.inputs.size();
  if (count >= command.minInputs && count <= command.maxInputs)
    return 0;
  std::string takes = command.maxInputs == 0 ? "no file"
                      : command.maxInputs == 1
                          ? ("one " + command.inputs).str()
                          : ("1 to " + Twine(command.maxInputs) + " of " +
                             command.inputs.rtrim('.'))
                                .str();
  return misuse("'" + command.name + "' takes " + takes + ", not " +
                    Twine(count) +
                    (count > command.maxInputs
                         ? " ('" + options.inputs[command.maxInputs] +
                               "' is one too many)"
                         : ""),
                command.name);
}

/// Checks what `calibrate` is given: a model and data, or ranges to merge; 0,
/// or 2 after a message.
static int checkCalibrate(const CommandOptions &options) {
  auto isModel = [](StringRef path) {
    return isOnnxModel(path) || path.ends_with(".mlir");
  };
  if (!options.merge) {
    if (options.inputs.empty())
      return misuse("'calibrate' takes one MODEL, not 0", "calibrate");
    if (options.inputs.size() > 1)
      return misuse("'calibrate' takes one MODEL, not " +
                        Twine(options.inputs.size()) + " ('" +
                        options.inputs[1] +
                        "' is one too many; --merge joins files of ranges)",
                    "calibrate");
    return options.data.empty()
               ? misuse("'calibrate' needs --data FILE", "calibrate")
               : 0;
  }
  bool hasModel = !options.inputs.empty() && isModel(options.inputs.front());
  if (options.inputs.size() == (hasModel ? 1u : 0u))
    return misuse("--merge needs files of ranges", "calibrate");
  if (hasModel != !options.data.empty())
    return misuse(hasModel
                      ? "--merge with a model chooses ranges anew, by what "
                        "they do to samples: it needs --data"
                      : "--merge weighs ranges on --data by running a "
                        "model: give it in front of the ranges",
                  "calibrate");
  if (!hasModel && (options.leastSqnr || options.part || options.threads))
    return misuse("--merge without a model has no use for --min-sqnr, --part "
                  "and --threads",
                  "calibrate");
  return 0;
}

/// Reads the flags' values; 0, or 2 after a message.
static int readFlags(const Command &command, llvm::ArrayRef<Given> flags,
                     CommandOptions &options) {
  for (const Given &given : flags) {
    StringRef name = given.names.back();
    auto values = given.option->results();
    if (values.empty()) {
      if (isAmong(command.name, given.flag->neededBy))
        return misuse("'" + command.name + "' needs " + name + " " +
                          given.flag->value,
                      command.name);
      continue;
    }
    if (values.size() > 1 && !given.flag->repeats)
      return misuse("flag " + name + " is given twice", command.name);
    for (const std::string &value : values) {
      if (given.flag->value.empty() && value != "true")
        return misuse("flag " + name + " takes no value", command.name);
      std::string wrong = given.flag->read(options, value);
      if (!wrong.empty())
        return misuse("flag " + name + " cannot be '" + value + "': " + wrong,
                      command.name);
    }
  }
  if (options.percentile && !options.method.empty() &&
      options.method != "percentile")
    return misuse("--percentile goes with --method percentile, not " +
                      options.method,
                  command.name);
  if (!options.calibration.empty() && !options.ranges.empty())
    return misuse("give either --calib or --ranges", command.name);
  if (options.leastSqnr && options.calibration.empty() && options.data.empty())
    return misuse("--min-sqnr is measured on data: it goes with --calib",
                  command.name);
  if ((command.name == "compile" || command.name == "quantize") &&
      options.threads && options.calibration.empty())
    return misuse("--threads is for calibration: it goes with --calib",
                  command.name);
  if (options.layers && options.inputs.size() > 1)
    return misuse("--layers is for one PROGRAM, not " +
                      Twine(options.inputs.size()),
                  command.name);
  if (command.name == "calibrate")
    return checkCalibrate(options);
  return 0;
}

static int runCommand(const Command &command,
                      llvm::ArrayRef<char *> arguments) {
  CLI::App app(command.summary.str());
  app.formatter(std::make_shared<Help>(command));
  app.set_help_flag("-h,--help", "print this");
  app.footer(makeFooter(command));
  // Models, and flags that are unknown: takeInputs tells them apart.
  app.allow_extras();
  llvm::SmallVector<Given> flags;
  for (const Flag &flag : allFlags()) {
    if (!isAmong(command.name, flag.commands))
      continue;
    // CLI11 takes a string that is not const for the option's variable.
    const std::string help = describe(flag, command);
    Given &given = flags.emplace_back();
    given.flag = &flag;
    if (flag.value.empty()) {
      given.option = app.add_flag(flag.names.str(), help);
    } else {
      given.option = app.add_option(flag.names.str(), help);
      given.option->type_name(flag.value.str());
      given.option->take_all();
    }
    flag.names.split(given.names, ',');
  }

  auto given = splitValues(arguments, flags);
  std::reverse(given.begin(), given.end());
  try {
    app.parse(std::move(given));
  } catch (const CLI::CallForHelp &) {
    llvm::outs() << app.help();
    return finishStdout();
  } catch (const CLI::ArgumentMismatch &error) {
    return misuse("flag " + StringRef(error.what()).split(':').first +
                      " needs a value",
                  command.name);
  } catch (const CLI::ConversionError &error) {
    // Only flags without a value are converted.
    return misuse("flag " + StringRef(error.what()).split(':').first +
                      " takes no value",
                  command.name);
  } catch (const CLI::ParseError &error) {
    return misuse(error.what(), command.name);
  }
  CommandOptions options;
  if (int status = takeInputs(command, flags, app.remaining(), options))
    return status;
  if (int status = readFlags(command, flags, options))
    return status;
  return command.run(options);
}

int octet::runDriver(int argc, char **argv) {
  // Whoever reads messages reads the end of this process, too, and nobody else
  // can use what it makes.
  if (octet_messages_are_json())
    prctl(PR_SET_PDEATHSIG, SIGTERM);
  llvm::ArrayRef<char *> arguments(argv + 1, argv + std::max(argc, 1));
  if (arguments.empty()) {
    printOverview(llvm::errs());
    return 2;
  }
  StringRef name = arguments.front();
  arguments = arguments.drop_front();
  if (name == "--version") {
    llvm::outs() << "octet " OCTET_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return finishStdout();
  }
  char help[] = "--help";
  char *helpOnly[] = {help};
  if (name == "--help" || name == "-h" || name == "help") {
    if (arguments.empty() || name != "help") {
      printOverview(llvm::outs());
      return finishStdout();
    }
    name = arguments.front();
    arguments = helpOnly;
  }
  llvm::SmallVector<StringRef> known;
  for (const Command &command : allCommands()) {
    if (command.name == name)
      return runCommand(command, arguments);
    known.push_back(command.name);
  }
  return misuse("command '" + name + "' is unknown" + suggest(name, known));
}
