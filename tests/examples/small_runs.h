#pragma once
// Data folders made by the test, and runs of the programs that take a fraction of a second.
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/engine/data/idx_files.h"
#include "tests/engine/io/temporary_folder.h"
#include "tests/examples/run_command.h"

namespace nascent::test {

using Arguments = std::vector<std::string>;

inline Arguments operator+(Arguments left, const Arguments& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

inline Outcome run(const std::string& name, const Arguments& flags) {
  return run_command(Arguments{program(name)} + flags);
}

// Starts a run, waits for `file` to have a byte, and sends the signal. A program that goes on after it is killed after
// half a minute.
inline Outcome signalled(const std::string& signal, const std::string& name, const Arguments& flags,
                         const std::filesystem::path& file) {
  return run_shell(
      "signal=\"$1\"; file=\"$2\"; shift 2; \"$0\" \"$@\" & pid=$!\n"
      "for i in $(seq 600); do [ -s \"$file\" ] && break; sleep 0.05; done; kill -$signal $pid\n"
      "for i in $(seq 600); do kill -0 $pid || break; sleep 0.05; done 2> /dev/null; kill -KILL $pid 2> /dev/null\n"
      "wait $pid",
      Arguments{program(name), signal, file} + flags);
}

// The smallest search and training that still take several steps. Two layers are both reduction cells.
inline const Arguments small_run = {"--channels", "2",        "--layers", "2",       "--limit",
                                    "32",         "--epochs", "1",        "--batch", "8"};
inline const Arguments drawn_images = {"--data", "synthetic:1x12x12"};

// A genotype in DARTS's own text, with operations from all of its families.
inline const std::string genotype_text =
    "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ('dil_conv_5x5', 2), ('max_pool_3x3', 1), "
    "('avg_pool_3x3', 3), ('sep_conv_5x5', 0), ('dil_conv_3x3', 4), ('skip_connect', 2)], normal_concat=range(2, 6), "
    "reduce=[('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('skip_connect', 2), ('sep_conv_3x3', 1), ('dil_conv_3x3', 0), "
    "('skip_connect', 1), ('sep_conv_5x5', 3), ('dil_conv_5x5', 4)], reduce_concat=range(2, 6))";

// Bytes that vary, the same on every machine.
inline std::string speckle(std::size_t count, unsigned salt = 0) {
  std::string bytes(count, '\0');
  std::uint32_t state = 12345 + salt;
  for (char& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

struct Size {
  std::uint32_t channels, height, width;
  std::size_t bytes() const { return std::size_t{channels} * height * width; }
};

// One axis more for more than one channel.
inline std::string idx_images(std::uint32_t count, const Size& size) {
  const std::string pixels = speckle(count * size.bytes());
  return size.channels == 1 ? idx({count, size.height, size.width}, pixels)
                            : idx({count, size.height, size.width, size.channels}, pixels);
}

inline std::string idx_labels(std::uint32_t count) {
  std::string labels(count, '\0');
  for (std::uint32_t i = 0; i < count; ++i) labels[i] = static_cast<char>(i % 10);
  return idx({count}, labels);
}

inline void write_idx_training(const TemporaryFolder& folder, std::uint32_t count, const Size& size) {
  folder.write("train-images-idx3-ubyte.gz", gzip(idx_images(count, size)));
  folder.write("train-labels-idx1-ubyte.gz", gzip(idx_labels(count)));
}

inline void write_idx_test(const TemporaryFolder& folder, std::uint32_t count, const Size& size) {
  folder.write("t10k-images-idx3-ubyte", idx_images(count, size));
  folder.write("t10k-labels-idx1-ubyte", idx_labels(count));
}

inline std::string cifar_records(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(i % 10) + speckle(3072, i);
  return bytes;
}

inline std::string ppm(int height, int width, unsigned salt) {
  return "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n" +
         speckle(std::size_t{3} * height * width, salt);
}

inline std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// Nothing but one JSON value on stdout.
inline nlohmann::json parsed_output(const Outcome& outcome) {
  INFO(outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return nlohmann::json::parse(outcome.out);
}

// A refusal is one line on stderr with its reason, its exit code, and nothing else.
inline void check_refused(const Outcome& outcome, int exit_code, const std::string& who, const std::string& reason) {
  INFO(outcome.err);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK(lines(outcome.err) == 1);
  CHECK(outcome.err.starts_with(who + ": "));
  CHECK(outcome.err.ends_with("\n"));
  CHECK(outcome.err.find(reason) != std::string::npos);
}

}  // namespace nascent::test
