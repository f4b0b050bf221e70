/* Boost.Interprocess: a message_queue in shared memory for each direction. */
#include "alternative.h"

#include <boost/interprocess/ipc/message_queue.hpp>
#include <memory>
#include <string>

using boost::interprocess::message_queue;

namespace {

constexpr std::size_t capacity = 1000;

std::unique_ptr<message_queue> there, back;

std::unique_ptr<message_queue> open_queue(bool is_first, const std::string &name) {
    using namespace boost::interprocess;
    if (is_first)
        return std::make_unique<message_queue>(create_only, name.c_str(), capacity, ALTERNATIVE_MESSAGE);
    return std::make_unique<message_queue>(open_only, name.c_str());
}

/* The queues are in /dev/shm. The directory's name makes their names unique. */
std::string queue_name(const char *directory, bool to_first) {
    return std::string(directory).substr(std::string("/tmp/").size()) + (to_first ? ".back" : ".there");
}

void open_side(alternative_pattern, bool is_first, const char *directory) {
    there = open_queue(is_first, queue_name(directory, !is_first));
    back = open_queue(is_first, queue_name(directory, is_first));
}

void send_message(const void *message) {
    there->send(message, ALTERNATIVE_MESSAGE, 0);
}

void receive_message(void *message) {
    message_queue::size_type size;
    unsigned priority;
    back->receive(message, ALTERNATIVE_MESSAGE, size, priority);
    alternative_require(size == ALTERNATIVE_MESSAGE, "receive", "the message has a different size");
}

void close_side() {
    there.reset();
    back.reset();
}

void remove_queues(const char *directory) {
    for (bool to_first : {false, true})
        message_queue::remove(queue_name(directory, to_first).c_str());
}

} // namespace

extern "C" const alternative alternative_library = {"boost",         open_side,  send_message,
                                                    receive_message, close_side, remove_queues};
