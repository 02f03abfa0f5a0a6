// The examples' main(), each under a name of its own (CMakeLists.txt renames it).
#pragma once

int chat_server_main(int argc, char** argv);
int http_files_main(int argc, char** argv);
int tcp_client_main(int argc, char** argv);
int tcp_proxy_main(int argc, char** argv);
int tcp_server_main(int argc, char** argv);
int udp_client_main(int argc, char** argv);
int udp_server_main(int argc, char** argv);
int uppercase_server_main(int argc, char** argv);
