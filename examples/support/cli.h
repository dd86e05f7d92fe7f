#pragma once
// What every program shares: its flags, its help, its exit code. CLI11 stays behind this wall (it is slow to compile
// and has exit codes and messages of its own).
//
//   int main(int argc, char** argv) {
//     int epochs = 50;
//     CommandLine cli("train", "Trains an architecture from scratch.");
//     cli.number("--epochs", epochs, {1, 10'000}, "passes over the training set");
//     return cli.run(argc, argv, [&](const CommonFlags& common) { ...; return 0; });
//   }
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace nascent::examples {

struct CommonFlags {
  std::uint64_t seed = 0;
  std::optional<int> threads;  // not given: OMP_NUM_THREADS, or one a processor
  bool quiet = false;
  bool json = false;
  std::string command;  // what was typed, for a run to say how it is repeated
};

template <class T>
struct Range {  // both ends are allowed
  T least;
  T most;
};

template <class T>
concept Number = (std::integral<T> && !std::same_as<T, bool>) || std::floating_point<T>;

class CommandLine {
 public:
  // Takes the text a person typed; false refuses it.
  using Accept = std::function<bool(const std::string& typed)>;

  CommandLine(std::string program, const std::string& purpose);
  ~CommandLine();

  // `--name` alone sets `value`.
  void flag(const std::string& name, bool& value, const std::string& help);
  // A number within `range`. An optional stays empty when the flag is not given, so that a preset can decide.
  template <Number T>
  void number(const std::string& name, T& value, Range<std::type_identity_t<T>> range, const std::string& help);
  template <Number T>
  void number(const std::string& name, std::optional<T>& value, Range<std::type_identity_t<T>> range,
              const std::string& help);
  // Never empty when given: an empty `value` afterwards means "not given".
  void text(const std::string& name, std::string& value, const std::string& metavar, const std::string& help);
  void choice(const std::string& name, std::string& value, std::vector<std::string> choices, const std::string& help);
  // Anything else. `expects` completes the sentence "option '--image' expects ...".
  void custom(const std::string& name, const std::string& metavar, const std::string& expects, const std::string& help,
              Accept accept);
  // A positional argument, required.
  void argument(const std::string& metavar, std::string& value, const std::string& help);
  // One or more positional arguments.
  void arguments(const std::string& metavar, std::vector<std::string>& values, const std::string& help);
  void example(const std::string& command, const std::string& what_it_does);

  // Parses, runs `body` and returns the program's exit code: the body's own, 2 for a wrong command line, exit_code() of
  // a nascent::Error, 4 for other trouble with files (also results that could not be written to stdout), 1 for any
  // other exception, 130 and 143 after SIGINT and SIGTERM. Failures are one line on stderr.
  int run(int argc, char** argv, const std::function<int(const CommonFlags&)>& body);

 private:
  bool parse(int argc, char** argv);  // false: help was asked for and printed

  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string program_;
  CommonFlags common_;
};

}  // namespace nascent::examples
