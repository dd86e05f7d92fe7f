#pragma once
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/examples/run_command.h"
#include "tests/support/skip.h"

namespace nascent::test {

using Arguments = std::vector<std::string>;

inline Outcome run(const std::string& name, Arguments flags) {
  flags.insert(flags.begin(), program(name));
  return run_command(flags);
}

inline std::string script(const std::string& name) { return std::string(NASCENT_SOURCE_DIR) + "/bench/peers/" + name; }

inline bool python_is_here() {
  return run_shell("python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))'").exit_code == 0;
}

}  // namespace nascent::test
