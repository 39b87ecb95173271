*mangle
:FORWARD
-j TOS;;FAIL
-j TOS --set-tos 0;-j TOS --set-tos 0x00/0xff;OK
-j TOS --set-tos 255;-j TOS --set-tos 0xff/0xff;OK
-j TOS --set-tos 256;;FAIL
-j TOS --set-tos 0x10/0x3f;=;OK
-j TOS --set-tos 0x10/256;;FAIL
-j TOS --set-tos Minimize-Delay;-j TOS --set-tos 0x10/0x3f;OK
-j TOS --set-tos minimize-delay;-j TOS --set-tos 0x10/0x3f;OK
-j TOS --set-tos Normal-Service;-j TOS --set-tos 0x00/0x3f;OK
-j TOS --set-tos Min;;FAIL
-j TOS --set-tos Maximize-Throughput;-j TOS --set-tos 0x08/0x3f;OK
-j TOS --set-tos Maximize-Reliability;-j TOS --set-tos 0x04/0x3f;OK
-j TOS --set-tos Minimize-Cost;-j TOS --set-tos 0x02/0x3f;OK
-j TOS --set-tos 0x10/0;-j TOS --set-tos 0x10/0x00;OK
-j TOS --set-tos 0x10/0xff;=;OK
-j TOS --and-tos 0x12;-j TOS --set-tos 0x00/0xed;OK
-j TOS --or-tos 0x12;-j TOS --set-tos 0x12/0x12;OK
-j TOS --xor-tos 0x12;-j TOS --set-tos 0x12/0x00;OK
-j TOS --and-tos 256;;FAIL
-j TOS --and-tos Minimize-Delay;;FAIL
-j TOS --or-tos 1 --set-tos 1;;FAIL
-j TOS ! --set-tos 1;;FAIL
-j TOS --set-tos 4/Minimize-Delay;;FAIL
-j TOS --set-tos 0x2/0x1e;-j TOS --set-tos 0x02/0x1e;OK
-j TOS --set-tos 0x1/;;FAIL
-j TOS --set-tos /1;;FAIL
-j TOS --set-tos 1/1/1;;FAIL
-j TOS --set-tos "";;FAIL
-j TOS --set-tos -1;;FAIL
-j TOS --set-tos 010;-j TOS --set-tos 0x08/0xff;OK
-j TOS --set-tos 10abc;;FAIL
*raw
:PREROUTING,OUTPUT
-j TOS --set-tos 1;;FAIL
*mangle
:PREROUTING,INPUT,FORWARD,OUTPUT,POSTROUTING
-j TOS --set-tos 1;-j TOS --set-tos 0x01/0xff;OK
*nat
:PREROUTING,INPUT,OUTPUT,POSTROUTING
-j TOS --set-tos 1;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
-j TOS --set-tos 1;;FAIL
*security
:INPUT,FORWARD,OUTPUT
-j TOS --set-tos 1;;FAIL
