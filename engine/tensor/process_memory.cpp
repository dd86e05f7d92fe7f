#include "engine/tensor/process_memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace nascent {
namespace {

// The number after `key` in a file of /proc with lines such as "VmHWM:   1234 kB".
std::optional<std::size_t> kilobytes_in(const char* file, const std::string& key) {
  std::ifstream text(file);
  for (std::string word; text >> word;)
    if (std::size_t value = 0; word == key && text >> value) return 1024 * value;
  return std::nullopt;
}

// A control group's file holds one number, or "max".
std::optional<std::size_t> group_bytes(const char* name) {
  std::ifstream text(std::string("/sys/fs/cgroup/memory.") + name);
  std::size_t value = 0;
  return text >> value ? std::optional(value) : std::nullopt;
}

}  // namespace

std::size_t resident_bytes() { return kilobytes_in("/proc/self/status", "VmRSS:").value_or(0); }

std::size_t peak_rss_bytes() {
  // ru_maxrss keeps the peak of the program that was there before exec, a large test runner for instance.
  if (const auto peak = kilobytes_in("/proc/self/status", "VmHWM:")) return *peak;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024 * static_cast<std::size_t>(usage.ru_maxrss);
}

std::size_t available_bytes() {
  const std::size_t machine =
      kilobytes_in("/proc/meminfo", "MemAvailable:").value_or(std::numeric_limits<std::size_t>::max());
  const auto most = group_bytes("max"), used = group_bytes("current");
  if (!most || !used) return machine;
  return std::min(machine, *most - std::min(*most, *used));
}

}  // namespace nascent
