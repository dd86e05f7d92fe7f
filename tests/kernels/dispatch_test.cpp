#include "kernels/dispatch.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/isa_tables.h"

using namespace nascent::kernels;

namespace {

constexpr const char* kChild = "the table is the one NASCENT_ISA names";

// Runs this program again with NASCENT_ISA set and only the test above in it; returns its exit code.
int exit_code_with(const char* isa) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("NASCENT_ISA", isa, 1);
    if (!std::freopen("/dev/null", "w", stdout) || !std::freopen("/dev/null", "w", stderr)) std::_Exit(99);
    execl("/proc/self/exe", "test_kernels", kChild, static_cast<char*>(nullptr));
    std::_Exit(98);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("no table has a missing kernel") {
  for (const KernelTable* isa : nascent::test::isa_tables()) {
    INFO(isa->name);
    CHECK(isa == find_kernel_table(isa->name));
    using Function = void (*)();
    const auto* entries = reinterpret_cast<const Function*>(reinterpret_cast<const char*>(isa) + sizeof(const char*));
    for (std::size_t i = 0; i < (sizeof(KernelTable) - sizeof(const char*)) / sizeof(Function) - 1; ++i)
      CHECK(entries[i] != nullptr);
    CHECK((isa->fused_edge != nullptr) == (isa->name != std::string("reference")));
  }
  CHECK(find_kernel_table("sse9") == nullptr);
}

TEST_CASE("the table is the one NASCENT_ISA names") {
  const char* wanted = std::getenv("NASCENT_ISA");
  CHECK(isa_name() == std::string(wanted && *wanted ? wanted : isa_name()));
}

TEST_CASE("NASCENT_ISA chooses the kernels, and a name it does not know ends the program with code 2") {
  for (const KernelTable* isa : nascent::test::isa_tables()) {
    INFO(isa->name);
    CHECK(exit_code_with(isa->name) == 0);
  }
  CHECK(exit_code_with("sse9") == 2);
}
