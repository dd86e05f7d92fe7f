#include "examples/support/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <new>

#include "engine/tensor/error.h"

namespace nascent::examples {
namespace {

constexpr int failed = 1, file_system = 4, stopped_by_signal = 128;

volatile std::sig_atomic_t signal_received = 0, freed = 0;

void remember_signal(int number) { signal_received = number; }
void remember_freed(int) { freed = 1; }

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  // One shot, so that an impatient second Ctrl-C gets through; restart, so that no write is cut short.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  action.sa_handler = remember_freed;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  // A run must not die because `| head` has seen enough; write() then fails with EPIPE instead.
  std::signal(SIGPIPE, SIG_IGN);
}

// A program started with a closed stdout would write its results into the first file it opens.
void reserve_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream) {
    if (fcntl(stream, F_GETFD) == -1) open("/dev/null", O_RDONLY);
  }
}

// libgomp's threads spin while they wait for work, by default for milliseconds: on a machine that does anything else
// besides, that slows a search by twenty times. Four thousand spins are 72 us on Zen 3, about what lies between two
// kernels: a step of the search takes 3 % less than with a thousand, and as long beside another busy process, where
// twenty thousand cost a quarter. libgomp reads the variable before main, hence the second start.
void spin_briefly(char** argv) {
  if (getenv("GOMP_SPINCOUNT") || getenv("OMP_WAIT_POLICY")) return;
  setenv("GOMP_SPINCOUNT", "4000", 1);
  execv("/proc/self/exe", argv);  // comes back only when it fails: then we go on as we are
}

bool reader_has_gone() {
  pollfd out{STDOUT_FILENO, POLLOUT, 0};
  return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int report(const std::string& program, std::string message, int code) {
  std::replace_if(
      message.begin(), message.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  std::cerr << program << ": " << message << std::endl;
  return code;
}

int guarded(const std::string& program, const std::function<int()>& body) {
  try {
    return body();
  } catch (const Error& error) {
    return report(program, error.what(), error.exit_code());
  } catch (const std::filesystem::filesystem_error& error) {
    return report(program, error.path1().string() + ": " + error.code().message(), file_system);
  } catch (const std::ios_base::failure& error) {
    return report(program, error.what(), file_system);
  } catch (const std::bad_alloc&) {
    return report(program, "out of memory. A smaller batch, fewer channels or fewer layers need less.", failed);
  } catch (const std::exception& error) {
    return report(program, error.what(), failed);
  }
}

}  // namespace

bool interrupted() { return signal_received != 0; }

bool processors_freed() {
  if (freed == 0) return false;
  freed = 0;  // only once seen, or a signal that comes in between would be lost
  return true;
}

int run_program(const std::string& program, char** argv, const std::function<int()>& body) {
  spin_briefly(argv);
  reserve_standard_streams();
  catch_signals();
  const int code = guarded(program, body);
  const bool written = bool(std::cout.flush()) && std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  if (code == 0 && interrupted()) {
    const int number = signal_received;
    return report(program, number == SIGINT ? "stopped by SIGINT" : "stopped by SIGTERM", stopped_by_signal + number);
  }
  if (code == 0 && !written && !reader_has_gone()) {
    return report(program, "cannot write the results to standard output: is the disk full?", file_system);
  }
  return code;
}

}  // namespace nascent::examples
