#pragma once
// A tape as a table a person can read: one line a node with op, shape, inputs, bytes saved, line of the user's code.
#include <string>

#include "engine/autograd/tape.h"

namespace nascent {

std::string trace(const Tape& tape);

}  // namespace nascent
