#include "examples/support/cli.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>

#include "engine/tensor/error.h"
#include "examples/support/closest.h"
#include "examples/support/numbers.h"
#include "examples/support/run_program.h"
#include "kernels/parallel.h"

namespace nascent::examples {
namespace {

std::string shown(std::string typed) {  // fit for a message of one line
  constexpr std::size_t longest = 60;
  if (typed.size() > longest) typed = typed.substr(0, longest) + "...";
  for (char& c : typed) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "'" + typed + "'";
}

std::string joined(const std::vector<std::string>& choices) {  // "a, b or c"
  std::string text = choices.front();
  for (std::size_t i = 1; i < choices.size(); ++i) text += (i + 1 == choices.size() ? " or " : ", ") + choices[i];
  return text;
}

template <class T>
std::string printed(T number) {
  if constexpr (std::integral<T>) {
    return grouped(static_cast<std::int64_t>(number));
  } else {
    return fmt::format("{}", number);
  }
}

// Whole text or nothing: "12abc", "1e400", "nan" and an empty text are no numbers.
template <class T>
std::optional<T> parsed_number(const std::string& text) {
  T number{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  if constexpr (std::floating_point<T>) {
    if (!std::isfinite(number)) return std::nullopt;
  }
  return number;
}

}  // namespace

struct CommandLine::Parser {
  struct Entry {
    CLI::Option* option;
    std::string name, expects;
    Accept accept;
    std::vector<std::string> choices = {};
    bool required = false;
    std::vector<std::string>* list = nullptr;  // takes any number, at least one
  };
  CLI::App app;
  std::vector<Entry> entries;
  std::string examples, group = "Options";

  Parser(const std::string& program, const std::string& purpose) : app(purpose, program) {
    app.allow_extras();  // so that we name them in our own words
    app.get_formatter()->column_width(32);
    app.get_formatter()->label("Positionals", "Arguments");
  }

  // CLI11 only collects the text: numbers, ranges and choices are checked by us, for the message's sake.
  void add(const std::string& name, const std::string& metavar, const std::string& expects, const std::string& help,
           Accept accept) {
    CLI::Option* option = app.add_option(
        name, [](const CLI::results_t&) { return true; }, help);
    option->type_name(metavar)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)->group(group);
    entries.push_back({option, name, expects, std::move(accept)});
  }

  template <class T>
  void add_number(const std::string& name, Range<T> range, const std::string& help, std::function<void(T)> set) {
    const std::string expects = fmt::format("a {} from {} to {}", std::integral<T> ? "whole number" : "number",
                                            printed(range.least), printed(range.most));
    add(name, std::integral<T> ? "N" : "X", expects, help, [range, set](const std::string& typed) {
      const std::optional<T> number = parsed_number<T>(typed);
      if (!number || *number < range.least || *number > range.most) return false;
      set(*number);
      return true;
    });
  }

  bool parse(int argc, char** argv) {
    try {
      app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      std::string help = app.help();
      for (auto gap = help.find("\n\n\n"); gap != std::string::npos; gap = help.find("\n\n\n")) help.erase(gap, 1);
      std::cout << help;
      return false;
    } catch (const CLI::ArgumentMismatch& mismatch) {
      refuse_mismatch(mismatch.what());
    } catch (const CLI::ParseError& error) {
      throw UsageError(error.what());
    }
    std::vector<std::string> extras = app.remaining();
    std::erase(extras, "--");
    // A mistyped option leaves its value behind as an extra argument: the option is what to name.
    const auto option = std::find_if(extras.begin(), extras.end(), [](const auto& typed) { return typed[0] == '-'; });
    if (option != extras.end()) refuse_option(*option);
    if (!extras.empty()) throw UsageError("unexpected argument " + shown(extras.front()));
    for (const Entry& entry : entries) take(entry);
    return true;
  }

  void take(const Entry& entry) const {
    if (entry.option->count() == 0) {
      if (entry.required) throw UsageError(fmt::format("missing {}; see --help", entry.name));
      return;
    }
    if (entry.list) {
      *entry.list = entry.option->results();
      return;
    }
    if (entry.option->count() > 1) throw UsageError(fmt::format("option '{}' is given twice", entry.name));
    const std::string typed = entry.option->results().front();
    if (entry.accept(typed)) return;
    throw UsageError(fmt::format("{}'{}' expects {}, got {}{}", entry.required ? "" : "option ", entry.name,
                                 entry.expects, shown(typed), did_you_mean(typed, entry.choices)));
  }

  [[noreturn]] void refuse_option(const std::string& typed) const {
    std::vector<std::string> known;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
    const std::string name = typed.substr(0, typed.find('='));
    const std::string hint = did_you_mean(name, known);
    throw UsageError(fmt::format("unknown option {}{}", shown(name), hint.empty() ? "; see --help" : hint));
  }

  // CLI11 says "--epochs: 1 required N missing" or "quiet was given a disallowed flag override".
  [[noreturn]] void refuse_mismatch(const std::string& message) const {
    const std::string name = message.substr(0, message.find_first_of(": "));
    for (const Entry& entry : entries) {
      if (entry.name == name) throw UsageError(fmt::format("option '{}' needs a value: {}", name, entry.expects));
    }
    throw UsageError(fmt::format("option '--{}' takes no value", name));
  }
};

CommandLine::CommandLine(std::string program, const std::string& purpose)
    : parser_(std::make_unique<Parser>(program, purpose)), program_(std::move(program)) {}

CommandLine::~CommandLine() = default;

void CommandLine::custom(const std::string& name, const std::string& metavar, const std::string& expects,
                         const std::string& help, Accept accept) {
  parser_->add(name, metavar, expects, help, std::move(accept));
}

void CommandLine::flag(const std::string& name, bool& value, const std::string& help) {
  parser_->app.add_flag(name, value, help)->disable_flag_override()->group(parser_->group);
}

template <Number T>
void CommandLine::number(const std::string& name, T& value, Range<std::type_identity_t<T>> range,
                         const std::string& help) {
  parser_->add_number<T>(name, range, fmt::format("{} [{}]", help, value), [&value](T number) { value = number; });
}

template <Number T>
void CommandLine::number(const std::string& name, std::optional<T>& value, Range<std::type_identity_t<T>> range,
                         const std::string& help) {
  parser_->add_number<T>(name, range, help, [&value](T number) { value = number; });
}

#define NASCENT_NUMBER(T)                                                                     \
  template void CommandLine::number<T>(const std::string&, T&, Range<T>, const std::string&); \
  template void CommandLine::number<T>(const std::string&, std::optional<T>&, Range<T>, const std::string&);
NASCENT_NUMBER(int)
NASCENT_NUMBER(std::int64_t)
NASCENT_NUMBER(std::uint64_t)
NASCENT_NUMBER(float)
NASCENT_NUMBER(double)
#undef NASCENT_NUMBER

void CommandLine::text(const std::string& name, std::string& value, const std::string& metavar,
                       const std::string& help) {
  const std::string shown_default = value.empty() ? help : fmt::format("{} [{}]", help, value);
  parser_->add(name, metavar, metavar, shown_default, [&value](const std::string& typed) {
    // `--out --quiet` is a forgotten value; a file with such a name can be given as ./--quiet.
    if (typed.empty() || typed.starts_with("--")) return false;
    value = typed;
    return true;
  });
}

void CommandLine::choice(const std::string& name, std::string& value, std::vector<std::string> choices,
                         const std::string& help) {
  const std::string expects = joined(choices);
  parser_->add(name, fmt::format("{}", fmt::join(choices, "|")), expects,
               value.empty() ? help : fmt::format("{} [{}]", help, value), [&value, choices](const std::string& typed) {
                 if (std::find(choices.begin(), choices.end(), typed) == choices.end()) return false;
                 value = typed;
                 return true;
               });
  parser_->entries.back().choices = std::move(choices);
}

void CommandLine::argument(const std::string& metavar, std::string& value, const std::string& help) {
  parser_->add(metavar, "", metavar, help, [&value](const std::string& typed) {
    value = typed;
    return !typed.empty();
  });
  parser_->entries.back().required = true;
}

void CommandLine::arguments(const std::string& metavar, std::vector<std::string>& values, const std::string& help) {
  parser_->add(metavar, "", metavar, help, {});
  Parser::Entry& entry = parser_->entries.back();
  entry.option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->expected(1, 1000)->allow_extra_args();
  entry.required = true;
  entry.list = &values;
}

void CommandLine::example(const std::string& command, const std::string& what_it_does) {
  parser_->examples += fmt::format("  # {}\n  {}\n", what_it_does, command);
}

bool CommandLine::parse(int argc, char** argv) {
  parser_->group = "Common options";
  number("--seed", common_.seed, {0, std::numeric_limits<std::int64_t>::max()}, "key of all random numbers");
  number("--threads", common_.threads, {1, 1024}, "threads to use, for the same result [one a processor]");
  flag("--quiet", common_.quiet, "no progress and no messages, only results and errors");
  flag("--json", common_.json, "results as JSON");
  parser_->app.set_help_flag("-h,--help", "print this and exit")->group(parser_->group);
  if (!parser_->examples.empty()) parser_->app.footer("Examples:\n" + parser_->examples);
  return parser_->parse(argc, argv);
}

int CommandLine::run(int argc, char** argv, const std::function<int(const CommonFlags&)>& body) {
  return run_program(program_, argv, [&] {
    if (!parse(argc, argv)) return 0;
    if (common_.threads) kernels::set_threads(*common_.threads);
    for (int i = 0; i < argc; ++i) common_.command += (i ? " " : "") + std::string(argv[i]);
    return body(common_);
  });
}

}  // namespace nascent::examples
