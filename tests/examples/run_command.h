#pragma once
// Runs a program as a shell would and keeps what came out of it.
#include <filesystem>
#include <string>
#include <vector>

namespace nascent::test {

struct Outcome {
  int exit_code;  // 128 + signal when a signal ended it
  std::string out, err;
  long peak_kilobytes;  // of memory
};

// `environment` entries ("NAME=value") are added to ours. Standard input is empty.
// Throws std::system_error when the program cannot be started.
Outcome run_command(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});

// A line for bash, for pipes and redirections; "$0" is the first of `arguments`.
Outcome run_shell(const std::string& line, const std::vector<std::string>& arguments = {});

// The path of one of the programs of examples/.
std::string program(const std::string& name);

// A new empty folder, removed with everything in it at the end of the block.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace nascent::test
