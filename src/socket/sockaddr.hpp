// The system's socket addresses (sockaddr, inet_pton, if_indextoname) on every platform.
// Private, and included by .cpp files only: it drags the platform's headers in.
#pragma once

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
// After them, as they define what these use.
#include <afunix.h>
#include <iphlpapi.h>
#include <netioapi.h>
#else
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#ifdef __linux__
#include <linux/if_packet.h>
#endif
#endif
