#pragma once
// The outer shell of a program: what an exception, a signal or a broken pipe means to the shell that called it.
#include <functional>
#include <string>

namespace nascent::examples {

// True once SIGINT or SIGTERM arrived: loops poll it, save and return. A second signal of the kind ends the process.
bool interrupted();

// True once after each SIGUSR1: what ran beside this program has ended, and its processors are free.
bool processors_freed();

// Runs `body` and returns the exit code of the process; the codes are listed at CommandLine::run.
int run_program(const std::string& program, char** argv, const std::function<int()>& body);

}  // namespace nascent::examples
