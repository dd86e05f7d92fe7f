#include "engine/io/atomic_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <thread>
#include <vector>

#include "engine/io/file.h"
#include "engine/io/json_lines.h"
#include "tests/engine/io/temporary_folder.h"

using namespace nascent;
using namespace nascent::test;

namespace {

// A disk that is full after `bytes`: the kernel writes what fits, then refuses.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

}  // namespace

TEST_CASE("write_atomically: writes, replaces, and leaves nothing else", "[atomic_file]") {
  TemporaryFolder folder;
  write_atomically(folder / "a", "first");
  CHECK(contents(folder / "a") == "first");
  const std::string large(3'000'000, 'x');
  write_atomically(folder / "a", large);
  CHECK(contents(folder / "a") == large);
  write_atomically(folder / "a", "");
  CHECK(contents(folder / "a").empty());
  CHECK(folder.files() == 1);
}

TEST_CASE("write_atomically: a full disk keeps the old file and no temporary", "[atomic_file]") {
  TemporaryFolder folder;
  write_atomically(folder / "a", "old");
  std::string message;
  {
    FileSizeLimit limit(1000);
    message = message_of<FileError>([&] { write_atomically(folder / "a", std::string(5000, 'x')); });
  }
  CHECK(message.find((folder / "a").string()) == 0);
  CHECK(message.find("File too large") != std::string::npos);
  CHECK(contents(folder / "a") == "old");
  CHECK(folder.files() == 1);
}

TEST_CASE("write_atomically: a place that cannot be written is a FileError", "[atomic_file]") {
  TemporaryFolder folder;
  CHECK(message_of<FileError>([&] { write_atomically(folder / "no/a", "x"); }).find("No such file") !=
        std::string::npos);
  folder.write("taken/b", "");
  check_message(message_of<FileError>([&] { write_atomically(folder / "taken", "x"); }), folder / "taken",
                "cannot replace");
  CHECK(folder.files() == 1);
}

TEST_CASE("write_atomically: writers at once each leave a whole file", "[atomic_file]") {
  TemporaryFolder folder;
  std::vector<std::thread> writers;
  for (char c : {'a', 'b', 'c', 'd'})
    writers.emplace_back([&, c] {
      for (int i = 0; i < 20; ++i) write_atomically(folder / "f", std::string(100'000, c));
    });
  for (auto& writer : writers) writer.join();
  const std::string left = contents(folder / "f");
  CHECK(left == std::string(100'000, left[0]));
  CHECK(folder.files() == 1);
}

TEST_CASE("read_file: reads devices and pipes, and stops at the limit", "[file]") {
  TemporaryFolder folder;
  CHECK(read_file("/dev/null", 10).empty());
  CHECK_THROWS_AS(read_file("/dev/zero", 1 << 20), DataError);
  const auto path = folder.write("a", std::string(100, 'x'));
  CHECK(read_file(path, 100).size() == 100);
  check_message(message_of<DataError>([&] { read_file(path, 99); }), path, "holds 100 bytes");
}

TEST_CASE("json_lines: each line is there when append returns, and again after reopening", "[json_lines]") {
  TemporaryFolder folder;
  const auto path = folder / "history.jsonl";
  {
    JsonLines lines(path);
    lines.append(R"({"epoch":0})");
    CHECK(contents(path) == "{\"epoch\":0}\n");
  }
  JsonLines(path).append(R"({"epoch":1})");
  CHECK(contents(path) == "{\"epoch\":0}\n{\"epoch\":1}\n");
}

TEST_CASE("json_lines: a torn last line is cut off", "[json_lines]") {
  TemporaryFolder folder;
  const auto path = folder.write("history.jsonl", "{\"epoch\":0}\n{\"epo");
  JsonLines(path).append("{}");
  CHECK(contents(path) == "{\"epoch\":0}\n{}\n");
  JsonLines(folder.write("all.jsonl", "{\"epo")).append("{}");
  CHECK(contents(folder / "all.jsonl") == "{}\n");
}

TEST_CASE("json_lines: refuses what is not one line, and unwritable places", "[json_lines]") {
  TemporaryFolder folder;
  JsonLines lines(folder / "a");
  CHECK_THROWS_AS(lines.append("{\n}"), ContractError);
  CHECK_THROWS_AS(lines.append(""), ContractError);
  CHECK(contents(folder / "a").empty());
  CHECK_THROWS_AS(JsonLines(folder.path()), FileError);
  CHECK_THROWS_AS(JsonLines("/dev/full").append("{}"), FileError);
}
